// The peers that run in Node. Each is made by a function and takes frames as
// strings, which is what a WebSocket gives there. The names are those of
// nodeEntries in ../peer.go.

import { Books } from './books.mjs';

/** JSON.parse, and nothing done with it. */
function json() {
  let events = 0;
  return {
    apply(frame) {
      const message = JSON.parse(frame);
      events += Array.isArray(message) ? message.length : 1;
    },
    seen: () => events,
  };
}

/** JSON.parse and the books. */
function jsonBooks() {
  const books = new Books();
  const event = (e) => {
    switch (e.event_type) {
      case 'book':
        books.replace(e.asset_id, e.bids, e.asks);
        break;
      case 'price_change':
        for (const c of e.price_changes) books.set(c.asset_id, c.side, c.price, c.size);
    }
  };
  return {
    books,
    apply(frame) {
      const message = JSON.parse(frame);
      if (Array.isArray(message)) message.forEach(event);
      else event(message);
    },
    seen: () => books.last[0],
  };
}

// What @polymarket/client does with a message: WebSocketConnection parses it, and
// ClobMarketWebSocketManager gives each element to MarketEventSchema and drops what
// does not fit. Both are private; the schema, where the time goes, is exported.
function polymarket(MarketEventSchema, onEvent) {
  return (frame) => {
    const message = JSON.parse(frame);
    const events = Array.isArray(message) ? message : [message];
    for (const data of events) {
      const parsed = MarketEventSchema.safeParse(data);
      if (!parsed.success) continue;
      onEvent(parsed.data);
    }
  };
}

async function client() {
  const { MarketEventSchema } = await import('@polymarket/bindings/subscriptions');
  let events = 0;
  return {
    apply: polymarket(MarketEventSchema, () => {
      events++;
    }),
    seen: () => events,
  };
}

async function clientBooks() {
  const { MarketEventSchema } = await import('@polymarket/bindings/subscriptions');
  const books = new Books();
  return {
    books,
    apply: polymarket(MarketEventSchema, ({ type, payload }) => {
      switch (type) {
        case 'book':
          books.replace(payload.tokenId, payload.bids, payload.asks);
          break;
        case 'price_change':
          for (const c of payload.priceChanges) books.set(c.tokenId, c.side, c.price, c.size);
      }
    }),
    seen: () => books.last[0],
  };
}

export const peers = {
  'node-json': json,
  'node-json-books': jsonBooks,
  'polymarket-client': client,
  'polymarket-client-books': clientBooks,
};
