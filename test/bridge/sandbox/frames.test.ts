// Two streams on one line are told apart however the line is cut, and nothing is held back.
import fc from "fast-check";
import { expect, test } from "vitest";
import { readFrames } from "../../../src/bridge/sandbox/frames.ts";

function frame(stream: 1 | 2, bytes: Uint8Array): Uint8Array {
  const head = new Uint8Array(8);
  head[0] = stream;
  new DataView(head.buffer).setUint32(4, bytes.length);
  return Buffer.concat([head, bytes]);
}

test("whatever the cuts, each stream has its bytes in their order", () => {
  const frames = fc.array(fc.tuple(fc.constantFrom(1 as const, 2 as const), fc.uint8Array({ maxLength: 50 })), { maxLength: 12 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 }), (sent, cuts) => {
      const line = Buffer.concat(sent.map(([stream, bytes]) => frame(stream, bytes)));
      const got = { out: [] as Uint8Array[], error: [] as Uint8Array[] };
      const read = readFrames((chunk, stream) => got[stream].push(Buffer.from(chunk)));
      for (let at = 0, n = 0; at < line.length; n++) {
        const step = cuts[n % cuts.length] ?? 1;
        read(line.subarray(at, at + step));
        at += step;
      }
      const wanted = (stream: 1 | 2) => Buffer.concat(sent.filter(([one]) => one === stream).map(([, bytes]) => bytes));
      expect(Buffer.concat(got.out)).toEqual(wanted(1));
      expect(Buffer.concat(got.error)).toEqual(wanted(2));
    }),
  );
});

test("a head that claims four gigabytes makes nobody wait or keep anything", () => {
  let bytes = 0;
  const read = readFrames((chunk) => {
    bytes += chunk.length;
  });
  read(Uint8Array.from([1, 0, 0, 0, 255, 255, 255, 255, 65]));
  read(new Uint8Array(1000));
  expect(bytes).toBe(1001);
});
