package feed

import (
	"example.com/truebook/book"
)

// interpret appends the events of the object just read.
func (d *Decoder) interpret() {
	o := &d.obj
	switch v := o.values[eventTypeField]; {
	case o.unclear:
		d.refuseFrame(o.fault)
	case v.kind == stringKind:
		d.interpretAs(d.scanner.data[v.start:v.end])
	case v.kind == absent:
		d.interpretAs(o.impliedType())
	default:
		d.scanner.fail(int(v.start), "event_type is not a plain string")
	}
}

// impliedType is the type of an object without event_type, as old recordings
// and REST have them: its keys tell it.
func (o *object) impliedType() []byte {
	has := func(f field) bool { return o.values[f].kind != absent }
	switch {
	case has(priceChangesField) || has(changesField):
		return []byte("price_change")
	case has(bidsField) || has(asksField):
		return []byte("book")
	case has(oldTickSizeField) && has(newTickSizeField):
		return []byte("tick_size_change")
	}
	return nil
}

func (d *Decoder) interpretAs(eventType []byte) {
	switch string(eventType) {
	case "price_change":
		d.stats.PriceChanges++
		d.stats.Unusual++
		d.priceChange()
	case "book":
		d.stats.Books++
		d.book()
	case "last_trade_price":
		d.stats.Trades++
		d.trade()
	case "tick_size_change":
		d.stats.TickSizeChanges++
		d.tickSizeChange()
	case "best_bid_ask":
		d.stats.BestPrices++
		if d.options.BestPrices {
			d.bestPrices()
		}
	case "new_market":
		d.stats.NewMarkets++
		if d.options.NewMarkets {
			d.newMarket()
		}
	case "market_resolved":
		d.stats.Resolved++
		d.resolved()
	default:
		d.stats.Unknown++
	}
}

// asset returns the token that a text names, nil if it is unknown.
func (d *Decoder) asset(id []byte) *Asset {
	if a := d.assets[string(id)]; a != nil {
		return a
	}
	if !d.options.Learn || len(d.assets) >= MaxAssets {
		return nil
	}
	return d.Know(string(id))
}

// market returns the market of a condition id, and notes that the token is in it.
// Their number is bounded as that of tokens is.
func (d *Decoder) market(id []byte, a *Asset) string {
	m := d.markets[string(id)]
	if m == nil {
		if len(d.markets) >= MaxAssets {
			return string(id)
		}
		m = newKnownMarket(string(id))
		d.markets[m.id] = m
		d.cache.grow(len(d.markets))
	}
	m.note(a)
	return m.id
}

// reader returns one for the object, with the fault of its keys if they have one.
func (d *Decoder) reader() reader {
	return reader{data: d.scanner.data, offset: d.obj.offset, fault: d.obj.fault}
}

// header is what all objects of one token begin with.
type header struct {
	asset  *Asset
	market string
	time   Timestamp
}

// header reads it. It returns false if the object is not to be read any further.
func (d *Decoder) header() (h header, r reader, ok bool) {
	v := &d.obj.values
	if h.asset, ok = d.subject(v[assetIDField], d.obj.offset); !ok {
		return h, r, false
	}
	r = d.reader()
	if market := r.id(marketField, v[marketField]); r.fault == nil {
		h.market = d.market(market, h.asset)
	}
	h.time = r.timestamp(v[timestampField])
	return h, r, true
}

// subject reads the asset_id of an object. If no token can be told, the object
// may have meant any, and the whole frame is refused; if it is unknown, the object
// is counted and left out.
func (d *Decoder) subject(id value, offset int) (a *Asset, ok bool) {
	r := reader{data: d.scanner.data, offset: offset}
	text := r.id(assetIDField, id)
	if r.fault != nil {
		d.refuseFrame(r.fault)
		return nil, false
	}
	if a = d.asset(text); a == nil {
		d.stats.Unwatched++
		return nil, false
	}
	return a, true
}

func (d *Decoder) refuseFrame(err *DecodeError) {
	if d.scanner.err == nil {
		d.scanner.err = err
	}
}

// bad appends a Bad, unless the token has one for this object already.
func (d *Decoder) bad(a *Asset, err *DecodeError) {
	for a.Index >= len(d.blamed) {
		d.blamed = append(d.blamed, 0)
	}
	if d.blamed[a.Index] == d.objects {
		return
	}
	d.blamed[a.Index] = d.objects
	d.stats.Bad++
	d.events = append(d.events, &Bad{Asset: a, Err: err})
}

func (d *Decoder) book() {
	h, r, ok := d.header()
	if !ok {
		return
	}
	v := &d.obj.values
	b := d.books.next()
	b.Asset, b.Market, b.Time = h.asset, h.market, h.time
	b.Hash = r.hash(v[hashField])
	b.Bids = d.side(&r, bidsField, book.Bid)
	b.Asks = d.side(&r, asksField, book.Ask)
	b.TickSize = r.tick(tickSizeField, v[tickSizeField], false)
	if last := v[lastTradePriceField]; last.kind != absent && last.kind != nullKind {
		b.LastTrade, b.HasLastTrade = r.lastTrade(last), true
	}
	d.statics(&r, b)
	if r.fault != nil {
		d.bad(h.asset, r.fault)
		return
	}
	if b.Hash.IsZero() {
		d.stats.NoHash++
	}
	d.events = append(d.events, b)
}

func (d *Decoder) side(r *reader, f field, side book.Side) []book.Level {
	v := d.obj.values[f]
	if v.kind != arrayKind {
		r.refuse(f, v, "is not an array")
		return nil
	}
	l := &d.obj.levels[side]
	if l.fault != nil && r.fault == nil {
		r.fault = l.fault
	}
	return l.list
}

// statics reads what only REST sends; the two come together or count as absent.
func (d *Decoder) statics(r *reader, b *Book) {
	size, risk := d.obj.values[minOrderSizeField], d.obj.values[negRiskField]
	text := r.optional(minOrderSizeField, size)
	if len(text) == 0 || risk.kind != trueKind && risk.kind != falseKind {
		return
	}
	b.MinOrderSize = r.number(minOrderSizeField, size, text)
	b.NegRisk = risk.kind == trueKind
	b.HasStatics = true
}

// priceChange reads the current form and the two older ones: `changes` with the
// token and the hash beside it (to 2025-09), and one change written into the
// object itself (to 2024).
func (d *Decoder) priceChange() {
	o := &d.obj
	v := &o.values
	r := d.reader()
	switch old, current := v[changesField], v[priceChangesField]; {
	case old.kind != absent && current.kind != absent:
		r.refuse(changesField, old, "beside price_changes")
		d.refuseFrame(r.fault)
		return
	case old.kind != absent && old.kind != arrayKind:
		r.refuse(changesField, old, "is not an array")
		d.refuseFrame(r.fault)
		return
	case current.kind != absent && current.kind != arrayKind:
		r.refuse(priceChangesField, current, "is not an array")
		d.refuseFrame(r.fault)
		return
	case old.kind != absent:
		for i := range o.changes {
			c := &o.changes[i]
			if c.asset.kind != absent {
				r.refuse(assetIDField, c.asset, "in a change of the older form")
				d.refuseFrame(r.fault)
				return
			}
			c.asset, c.hash = v[assetIDField], v[hashField]
		}
	case current.kind == absent:
		o.changes = append(o.changes[:0], change{
			asset: v[assetIDField], price: v[priceField], size: v[sizeField], side: v[sideField], hash: v[hashField],
			bestBid: v[bestBidField], bestAsk: v[bestAskField], offset: o.offset,
		})
	}
	d.appendChanges(&r)
}

// appendChanges appends the changes of the object, those of known tokens that can
// be read, after a Bad for each token of which one cannot.
func (d *Decoder) appendChanges(r *reader) {
	o := &d.obj
	market := r.id(marketField, o.values[marketField])
	time := r.timestamp(o.values[timestampField])
	first := len(d.changeList)
	for i := range o.changes {
		d.change(&o.changes[i], r.fault)
		if d.scanner.err != nil {
			return
		}
	}
	list := d.changeList[first:len(d.changeList):len(d.changeList)]
	if len(list) == 0 {
		return
	}
	p := d.changes.next()
	p.Time, p.Changes = time, list
	for i := range list {
		p.Market = d.market(market, list[i].Asset)
	}
	d.events = append(d.events, p)
}

// change appends one change to the list, or a Bad for its token. The object's own
// fault is that of each of its tokens.
func (d *Decoder) change(c *change, fault *DecodeError) {
	if c.unclear {
		d.refuseFrame(c.fault)
		return
	}
	a, ok := d.subject(c.asset, c.offset)
	if !ok {
		return
	}
	if fault == nil {
		fault = c.fault
	}
	r := reader{data: d.scanner.data, offset: c.offset, fault: fault}
	entry := Change{
		Asset:   a,
		Price:   r.levelPrice(c.price),
		Size:    r.size(sizeField, c.size),
		Side:    r.side(c.side),
		Hash:    r.hash(c.hash),
		BestBid: r.bestPrice(bestBidField, c.bestBid),
		BestAsk: r.bestPrice(bestAskField, c.bestAsk),
		HasBest: c.bestBid.kind == stringKind && c.bestAsk.kind == stringKind,
	}
	if r.fault != nil {
		d.bad(a, r.fault)
		return
	}
	if entry.Hash.IsZero() {
		d.stats.NoHash++
	}
	d.changeList = append(d.changeList, entry)
}

func (d *Decoder) trade() {
	h, r, ok := d.header()
	if !ok {
		return
	}
	v := &d.obj.values
	t := d.trades.next()
	t.Asset, t.Market, t.Time = h.asset, h.market, h.time
	if text := r.text(priceField, v[priceField]); text != nil {
		t.Price = book.Price(r.number(priceField, v[priceField], text))
		t.Decimals = decimals(text)
		if r.fault == nil && (t.Price <= 0 || t.Price > book.Dollar) {
			r.refuse(priceField, v[priceField], "is not between 0 and 1")
		}
	}
	t.Size = r.size(sizeField, v[sizeField])
	t.Side = r.side(v[sideField])
	t.FeeRateBPS = r.optional(feeRateField, v[feeRateField])
	t.TransactionHash = r.optional(transactionHashField, v[transactionHashField])
	if r.fault != nil {
		d.bad(h.asset, r.fault)
		return
	}
	d.events = append(d.events, t)
}

func (d *Decoder) tickSizeChange() {
	h, r, ok := d.header()
	if !ok {
		return
	}
	v := &d.obj.values
	t := d.ticks.next()
	t.Asset, t.Market, t.Time = h.asset, h.market, h.time
	t.Old = r.tick(oldTickSizeField, v[oldTickSizeField], true)
	t.New = r.tick(newTickSizeField, v[newTickSizeField], true)
	if r.fault != nil {
		d.bad(h.asset, r.fault)
		return
	}
	d.events = append(d.events, t)
}

func (d *Decoder) bestPrices() {
	h, r, ok := d.header()
	if !ok {
		return
	}
	v := &d.obj.values
	b := d.best.next()
	b.Asset, b.Market, b.Time = h.asset, h.market, h.time
	b.BestBid = r.bestPrice(bestBidField, v[bestBidField])
	b.BestAsk = r.bestPrice(bestAskField, v[bestAskField])
	if r.fault == nil { // a hint that cannot be read hints at nothing
		d.events = append(d.events, b)
	}
}
