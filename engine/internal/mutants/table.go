package main

import "slices"

// mutant is the engine without one of its guards.
type mutant struct {
	name string
	// guard is what it lacks.
	guard string
	// dangerous ones are tried by default.
	dangerous bool
	// edits are one, or several where the guard stands at several places.
	edits []edit
	trial trial
}

// edit replaces a text that stands exactly once in a file of the engine.
type edit struct{ file, from, to string }

// trial is the test that has to notice a mutant.
type trial struct {
	test  string
	seeds int // of the simulation, if the test is that
}

// simulation is a trial by the simulation, with twice the seeds that the mutant needs.
func simulation(seeds int) trial { return trial{"TestSimulation", seeds} }

// by is a trial by a test of its own.
func by(test string) trial { return trial{test: test} }

// table returns all mutants.
func table() []mutant {
	return slices.Concat(ofStream(), ofProof(), ofConnection(), ofREST(), ofBudget(), ofShell())
}

// ofStream are those that believe what the stream says too readily.
func ofStream() []mutant {
	return []mutant{
		{
			name: "same-epoch", guard: "a book that becomes live again has a new epoch",
			edits: []edit{{"shard.go", "\tt.unfollowed = false\n\tt.epoch++", "\tt.unfollowed = false\n\tt.epoch = max(t.epoch, 1)"}},
			trial: simulation(2),
		},
		{
			name: "older-book", guard: "a book that is older than the stream is not applied",
			edits: []edit{{"refresh.go", "case old && t.continuous:", "case false && old:"}},
			trial: simulation(8),
		},
		{
			name: "repeats", guard: "an entry of a state that was announced before is not applied",
			edits: []edit{{"changes.go", "case !t.isLate(k) && k.time <=", "case false && k.time <="}},
			trial: simulation(80),
		},
		{
			name: "two-locks", guard: "a book that goes to another market shares its levels no more",
			edits: []edit{{"market.go", "\tt.book.Part() // from", "\t// from"}},
			trial: by("TestPartedBooks"),
		},
		{
			name: "unnamed-market", guard: "two changes under the name of another market are both in doubt",
			edits: []edit{{"mirror.go", "m.id == e.Market && s.begins", "s.begins"}},
			trial: by("TestPairOfAnotherMarket"),
		},
		{
			name: "past", guard: "an entry that the last whole book includes is not applied",
			edits: []edit{{"changes.go", "case t.isPast(k):", "case false && t.isPast(k):"}},
			trial: by("TestRepeatBeyondTheRing"),
		},
		{
			name: "settles-for-ever", guard: "a top that is not the reported one makes the book stale",
			edits: []edit{{"run.go", "settleTimeout = 500 * time.Millisecond", "settleTimeout = time.Hour"}},
			trial: by("TestTopMismatch"),
		},
		{
			name: "shows-settling", dangerous: true, guard: "a top is not shown while it is crossed, or not the reported one",
			edits: []edit{{"token.go", "return t.state == Live && t.settling == NoReason", "return t.state == Live"}},
			trial: simulation(2),
		},
		{
			name: "shows-crossed", guard: "a crossed book settles",
			edits: []edit{{"token.go", "case top.Crossed():", "case false && top.Crossed():"}},
			trial: by("TestCrossed"),
		},
		{
			name: "unmirrored", guard: "a token whose sibling changes alone is in doubt",
			edits: []edit{{"mirror.go", "s.breakContinuity(t, Unmirrored)", "_ = Unmirrored"}},
			trial: simulation(22),
		},
		{
			name: "unread-frames", guard: "a frame that cannot be read puts all tokens in doubt",
			edits: []edit{{"shard.go", "\tif err != nil {\n\t\ts.breakAll(BadMessage)", "\tif err != nil {\n\t\t_ = s.breakAll"}},
			trial: simulation(6),
		},
		{
			name: "bad-values", guard: "a value that cannot be read puts its token in doubt",
			edits: []edit{{"shard.go", "s.breakContinuity(t, BadMessage)\n\t\t\t}\n\t\t\tif err == nil {", "_ = t\n\t\t\t}\n\t\t\tif err == nil {"}},
			trial: simulation(170),
		},
		{
			name: "resolved", guard: "a market that is resolved is gone",
			edits: []edit{{"shard.go", "s.resolved(e)", "_ = e"}},
			trial: by("TestResolved"),
		},
	}
}

// ofProof are those that make too much of a hash, or too little.
func ofProof() []mutant {
	return []mutant{
		{
			name: "open-unseen", guard: "a mismatch that is found between versions is given no more time than others",
			edits: []edit{{"changes.go", "is reached\n\t\ts.reschedule(t)\n", "is reached\n"}},
			trial: by("TestSmallStreams"),
		},
		{
			name: "unscheduled", guard: "what is due some time is looked at then",
			edits: []edit{{"token.go", "t.failed || t.settling != NoReason", "t.failed"}},
			trial: by("TestOtherHashes"),
		},
		{
			name: "open-for-ever", guard: "a run is over 250 ms after its hash did not match first",
			edits: []edit{{"run.go", "runTimeout = 250 * time.Millisecond", "runTimeout = time.Hour"}},
			trial: by("TestEndlessRun"),
		},
		{
			name: "fails-for-ever", guard: "a book whose hash does not match for a second is stale",
			edits: []edit{{"run.go", "failureTimeout = time.Second", "failureTimeout = time.Hour"}},
			trial: by("TestEndlessRun"),
		},
		{
			name: "unmatched", guard: "a hash that does not match at the end of a run is a failure",
			edits: []edit{{"proof.go", "\t\t\tr.check = Failed\n", "\t\t\tr.check = Unproved\n\t\t\treturn\n"}},
			trial: simulation(22),
		},
		{
			name: "overtaken", guard: "a match proves nothing of a state that another may be newer than",
			edits: []edit{{"proof.go", "if r.ambiguous || r.broken {", "if r.broken {"}},
			trial: by("TestTwoStatesOfOneMillisecond"),
		},
		{
			name: "broken-run", guard: "a match proves nothing of a run that the connection broke in",
			edits: []edit{{"proof.go", "if r.ambiguous || r.broken {", "if r.ambiguous {"}},
			trial: by("TestNoProofOfBeforeBreak"),
		},
		{
			name: "behind-book", guard: "a book that lacks what was announced before does not make a token live",
			edits: []edit{{"refresh.go", "if !behind {", "if behind || !behind {"}},
			trial: by("TestChangesBeforeTheBook"),
		},
		{
			name: "hashes-for-ever", guard: "hashes that are made otherwise than they were are given up",
			edits: []edit{{"masses.go", "if len(m.hashless) >= hashlessMarkets &&", "if len(m.hashless) > 1000 &&"}},
			trial: by("TestOtherHashes"),
		},
		{
			name: "hashes-given-up", guard: "one market without its hash does not end the hashes of all",
			edits: []edit{{"masses.go", "hashlessMarkets = 3", "hashlessMarkets = 1"}},
			trial: by("TestOtherHashes"),
		},
		{
			name: "waits-for-ever", guard: "witnesses of many failures are not waited for longer than two seconds",
			edits: []edit{{"masses.go", "massTimeout   = 2 * time.Second", "massTimeout   = time.Hour"}},
			trial: by("TestWitnessesOfMany"),
		},
	}
}

// ofConnection are those that believe in a connection for too long.
func ofConnection() []mutant {
	return []mutant{
		{
			name: "no-doubt", dangerous: true, guard: "the end of a connection puts its tokens in doubt",
			edits: []edit{{"line.go", "c.books.breakAll(reason)", "_ = reason"}},
			trial: simulation(2),
		},
		{
			name: "old-connection", guard: "a connection that was given up is not listened to",
			edits: []edit{{"line.go", "if in.conn != l.conn || l.state != lineOpen {", "if l.state != lineOpen {"}},
			trial: by("TestStrangers"),
		},
		{
			name: "pong-is-data", guard: "PONG is no data",
			edits: []edit{{"shard.go", "s.heard.data, s.heard.text = false, e.Kind", "s.heard.text = e.Kind"}},
			trial: by("TestSilence"),
		},
		{
			name: "half-open", guard: "a connection that does not answer PING is given up",
			edits: []edit{{"line.go", "pongTimeout = 15 * time.Second", "pongTimeout = time.Hour"}},
			trial: by("TestHalfOpen"),
		},
		{
			name: "silence", guard: "after a long silence REST is asked whether there was anything",
			edits: []edit{{"line.go", "\t\tc.auditNewest()\n\t\treturn\n", "\t\treturn\n"}},
			trial: by("TestSilence"),
		},
		{
			name: "no-first-book", guard: "a first book that does not come is asked for",
			edits: []edit{{"watching.go", "firstBookTimeout = 5 * time.Second", "firstBookTimeout = time.Hour"}},
			trial: by("TestNoAnswer"),
		},
		{
			name: "lag", guard: "books of a stream that is late are stale",
			edits: []edit{{"pace.go", "maxLag      = 2 * time.Second", "maxLag      = 2 * time.Hour"}},
			trial: by("TestLateStream"),
		},
		{
			name: "late-lives", guard: "nothing becomes live while the stream is late",
			edits: []edit{{"shard.go", "t.state == Gone || s.late {", "t.state == Gone {"}},
			trial: by("TestLateStreamProvesNothing"),
		},
		{
			name: "clocks", guard: "a machine that stood still has lost its connection",
			edits: []edit{{"core.go", "if c.watchClocks(now, in.wall) {", "if now > 0 {"}},
			trial: simulation(2),
		},
		{
			name: "lease", dangerous: true, guard: "readers don't believe in books of an engine that hangs",
			edits: []edit{{"asset.go", "return until != 0 && l.passed(until)", "return false && l.passed(until)"}},
			trial: simulation(8),
		},
	}
}

// ofREST are those that believe REST too readily, or do not ask it.
func ofREST() []mutant {
	return []mutant{
		{
			name: "audits", guard: "each token is compared with REST in turn",
			edits: []edit{{"audits.go", "c.audit(a.order[a.cursor])", "_ = a.order[a.cursor]"}},
			trial: simulation(98),
		},
		{
			name: "spoilt-answers", guard: "a fetched book has the hash that it comes with",
			edits: []edit{{"joining.go", "if !s.hasItsHash(t, e, k) {", "if false && !s.hasItsHash(t, e, k) {"}},
			trial: by("TestRefusedAnswers"),
		},
		{
			name: "older-answers", guard: "a fetched book that is older than the stream is not taken",
			edits: []edit{{"joining.go", "case s.isOlder(t, f.key):", "case false && s.isOlder(t, f.key):"}},
			trial: by("TestTooOld"),
		},
		{
			name: "by-arrival", dangerous: true, guard: "what came after a fetched book is applied to it",
			edits: []edit{{"joining.go", "for i := range after {\n\t\tif after[i].key", "for i := range after[:0] {\n\t\tif after[i].key"}},
			trial: simulation(10),
		},
		{
			name: "no-entries", guard: "what comes while a book is fetched is kept",
			edits: []edit{{"joining.go", "j.entries = append(j.entries, entry{k, *c})", "_ = entry{k, *c}"}},
			trial: simulation(10),
		},
		{
			name: "joins-over-a-break", guard: "a book is not joined with another stream than it was asked for in",
			edits: []edit{
				{"shard.go", "\t\tt.joining = nil\n\t\tif t.based && (t.conn", "\t\tif t.based && (t.conn"},
				{"shard.go", "\tt.joining = nil\n\tif t.based {", "\tif t.based {"},
				{"line.go", "\tc.rest.forget()\n", "\n"},
				{"line.go", "\t\t\tw.fetch.forget()\n", "\n"},
			},
			trial: by("TestBreakEndsJoining"),
		},
		{
			name: "unfollowed", guard: "a token that the stream does not follow is not live by REST alone",
			edits: []edit{{"joining.go", "len(after) == 0 && !t.unfollowed && !unordered {", "len(after) == 0 && !unordered {"}},
			trial: by("TestAuditFindsMissing"),
		},
		{
			name: "gone-at-once", guard: "one 404 does not end a token",
			edits: []edit{{"rest.go", "case f.missing == 0 || t.received", "case f.missing != 0 && t.received"}},
			trial: simulation(40),
		},
	}
}

// ofBudget are those that ask for too much.
func ofBudget() []mutant {
	return []mutant{
		{
			name: "dials", guard: "dials come later and later",
			edits: []edit{{"line.go", "most = min(dialDelay<<min(l.attempts, 10), maxDialDelay)", "most = firstDelay"}},
			trial: by("TestDialsAreFew"),
		},
		{
			name: "flights", guard: "few requests are under way at a time",
			edits: []edit{{"rest.go", "len(r.queue) > 0 && len(r.flights) < maxFlights && r.paused", "len(r.queue) > 0 && r.paused"}},
			trial: by("TestRequestsAreFew"),
		},
		{
			name: "allowance", guard: "requests are so many a second",
			edits: []edit{{"rest.go", "\t\tr.allowance--\n", "\n"}},
			trial: by("TestRequestsAreFew"),
		},
		{
			name: "pauses", guard: "a REST that fails is left alone for a while",
			edits: []edit{{"rest.go", "r.pausedUntil = max(r.pausedUntil, c.now.after(max(least, r.pause/2+c.jitter(r.pause/2))))", "_ = least"}},
			trial: by("TestLimitedREST"),
		},
		{
			name: "gaps", guard: "a token that is asked for in vain is asked for later and later",
			edits: []edit{{"rest.go", "f.gap = min(max(2*f.gap, minGap), most)", "f.gap = 0 * most"}},
			trial: by("TestAskedLaterAndLater"),
		},
		{
			name: "flapping", guard: "a token that was mended five times within a minute is left alone",
			edits: []edit{{"watching.go", "w.restUntil = c.now.after(flappingTime)", "_ = flappingTime"}},
			trial: by("TestFlapping"),
		},
	}
}

// ofShell are those whose connections and timers do not do what the core asks for.
func ofShell() []mutant {
	return []mutant{
		{
			name: "torn-top", guard: "a top that was copied while two others were published is not used",
			edits: []edit{{"asset.go", "err == nil && a.top.isAt(turn)", "err == nil && turn > 0"}},
			trial: by("TestTopsAreNeverTorn"),
		},
		{
			name: "panic-lives", guard: "nobody vouches for the books of a core that has panicked",
			edits: []edit{{"market.go", "\ts.lease.revoke()\n", "\n"}},
			trial: by("TestPanic"),
		},
		{
			name: "end-lives", guard: "an engine that has ended has no live book",
			edits: []edit{{"core.go", "\tc.books.doubtAll(Ended)\n", "\n"}},
			trial: by("TestRunAndEnd"),
		},
		{
			name: "dials-at-once", guard: "the dials of an engine are half a second apart",
			edits: []edit{{"connection.go", "if !sleep(ctx, delay) {", "if !sleep(ctx, 0) {"}},
			trial: by("TestPlaces"),
		},
		{
			name: "dials-early", guard: "a dial that has to wait for its turn does not lose its time by that",
			edits: []edit{{"line.go", "l.dialedAt = c.now.after(in.retryAfter)", "_ = in"}},
			trial: by("TestManyConnections"),
		},
		{
			name: "writes-for-ever", guard: "a server that does not read is given up",
			edits: []edit{{"connection.go", "writeTimeout = 5 * time.Second", "writeTimeout = time.Hour"}},
			trial: by("TestServerThatDoesNotRead"),
		},
		{
			name: "left-at-once", guard: "a token that another subscription is to is not left",
			edits: []edit{{"engine.go", "if e.interest[id]--; e.interest[id] == 0 {", "if e.interest[id]--; true {"}},
			trial: by("TestLingering"),
		},
	}
}
