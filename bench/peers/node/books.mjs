// Order books as a TypeScript programmer would write them: sorted arrays of
// floats, the best level last, so that near the best little has to move.

class Side {
  prices = [];
  sizes = [];

  /** @param {number} sign 1 for bids, -1 for asks, whose best is the lowest. */
  constructor(sign) {
    this.sign = sign;
  }

  /** Takes a whole side, which comes worst first, in which case nothing is sorted. */
  replace(levels) {
    const { prices, sizes, sign } = this;
    prices.length = sizes.length = 0;
    let sorted = true;
    for (const level of levels) {
      const price = Number(level.price);
      const n = prices.length;
      if (n > 0 && sign * (price - prices[n - 1]) < 0) sorted = false;
      prices.push(price);
      sizes.push(Number(level.size));
    }
    if (sorted) return;
    const order = prices.map((_, i) => i).sort((a, b) => sign * (prices[a] - prices[b]));
    this.prices = order.map((i) => prices[i]);
    this.sizes = order.map((i) => sizes[i]);
  }

  set(price, size) {
    const { prices, sizes, sign } = this;
    let low = 0;
    let high = prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sign * (prices[middle] - price) < 0) low = middle + 1;
      else high = middle;
    }
    const found = low < prices.length && prices[low] === price;
    if (size === 0) {
      if (found) {
        prices.splice(low, 1);
        sizes.splice(low, 1);
      }
    } else if (found) {
      sizes[low] = size;
    } else {
      prices.splice(low, 0, price);
      sizes.splice(low, 0, size);
    }
  }
}

export class Book {
  bids = new Side(1);
  asks = new Side(-1);

  /** The best levels, as four numbers in an array that is used again. */
  top(into) {
    const { bids, asks } = this;
    const b = bids.prices.length - 1;
    const a = asks.prices.length - 1;
    into[0] = b < 0 ? 0 : bids.prices[b];
    into[1] = b < 0 ? 0 : bids.sizes[b];
    into[2] = a < 0 ? 0 : asks.prices[a];
    into[3] = a < 0 ? 0 : asks.sizes[a];
  }
}

export class Books {
  #books = new Map();
  last = [0, 0, 0, 0]; // the top read last
  onTop = undefined; // called after each, by tests

  book(token) {
    let book = this.#books.get(token);
    if (book === undefined) this.#books.set(token, (book = new Book()));
    return book;
  }

  replace(token, bids, asks) {
    const book = this.book(token);
    book.bids.replace(bids);
    book.asks.replace(asks);
    book.top(this.last);
    this.onTop?.(this.last);
  }

  set(token, side, price, size) {
    const book = this.book(token);
    (side === 'BUY' ? book.bids : book.asks).set(Number(price), Number(size));
    book.top(this.last);
    this.onTop?.(this.last);
  }
}
