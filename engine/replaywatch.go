package engine

// Watch returns a subscription to some tokens of the recording, by their ids, whether
// a record has named them yet or not. As Step, it is for the goroutine of the Replay;
// the subscription is for any. Its iterators end when the Replay has come to its End,
// and what it did until then is yielded.
//
// A Replay does not wait for them: a consumer of [Subscription.Events] that is slower
// than the recording is read ends with [ErrLagged].
func (r *Replay) Watch(tokens ...string) *Subscription {
	assets := make([]*Asset, 0, len(tokens))
	for _, id := range tokens {
		assets = append(assets, r.shard.token(r.shard.decoder.Know(id)).readers)
	}
	return newSubscription(r.ended, assets, nil)
}
