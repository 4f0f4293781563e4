// node bench.mjs [-time MS] [-peer NAME] FILE...   times whole rounds of each file
// node bench.mjs -tops NAME FILE                   prints the tops of one peer
//
// A file begins with a line that tells its name and how many frames open it, and
// has one frame on each further line: TestWriteFrames writes it. The output is that
// of Go's benchmarks, one operation being one frame after the opening.

import { readFileSync } from 'node:fs';
import { peers } from './peers.mjs';

function read(file) {
  const lines = readFileSync(file, 'utf8').split('\n');
  const { name, opening } = JSON.parse(lines.shift());
  if (lines.at(-1) === '') lines.pop();
  return { name, opening: lines.slice(0, opening), frames: lines.slice(opening) };
}

/** Runs one round and returns how long it took, in nanoseconds, the opening left out. */
function round(peer, stream) {
  for (const frame of stream.opening) peer.apply(frame);
  const begin = process.hrtime.bigint();
  for (const frame of stream.frames) peer.apply(frame);
  return Number(process.hrtime.bigint() - begin);
}

/** Runs whole rounds until the time is over. */
function rounds(peer, stream, milliseconds) {
  let spent = 0;
  let n = 0;
  do {
    spent += round(peer, stream);
    n++;
  } while (spent < milliseconds * 1e6);
  return { n: n * stream.frames.length, nanoseconds: spent };
}

async function time(name, stream, milliseconds) {
  const peer = await peers[name]();
  rounds(peer, stream, Math.max(milliseconds, 500)); // until it is compiled
  const { n, nanoseconds } = rounds(peer, stream, milliseconds);
  if (!peer.seen()) throw new Error(`${name} has seen nothing`);
  const bytes = stream.frames.reduce((sum, f) => sum + Buffer.byteLength(f), 0) / stream.frames.length;
  const each = nanoseconds / n;
  const speed = ((bytes / each) * 1e3).toFixed(2);
  console.log(`BenchmarkPath/stream=${stream.name}/peer=${name}\t${n}\t${each.toFixed(1)} ns/op\t${speed} MB/s`);
}

/** Prints a line for each frame: the tops read while it was applied. */
async function tops(name, stream) {
  const peer = await peers[name]();
  let line = [];
  peer.books.onTop = (top) => line.push(top.join(' '));
  const out = [];
  for (const frame of [...stream.opening, ...stream.frames]) {
    line = [];
    peer.apply(frame);
    out.push(line.join(','));
  }
  process.stdout.write(out.join('\n') + '\n');
}

const args = process.argv.slice(2);
const option = (name) => {
  const i = args.indexOf(name);
  return i < 0 ? undefined : args.splice(i, 2)[1];
};
const toShow = option('-tops');
const only = option('-peer');
const milliseconds = Number(option('-time') ?? 1000);
for (const file of args) {
  const stream = read(file);
  if (toShow !== undefined) {
    await tops(toShow, stream);
    continue;
  }
  for (const name of Object.keys(peers)) {
    if (only === undefined || only === name) await time(name, stream, milliseconds);
  }
}
