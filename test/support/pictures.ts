// Pictures made on the spot: PNGs of one colour, or of noise that no compression makes small.
import { crc32, deflateSync } from "node:zlib";

/** A picture of one colour. `noise` makes it weigh: three bytes a pixel. */
export function makePng(side: number, colour: [number, number, number], noise = false): Buffer {
  const rows = Buffer.alloc(side * (side * 3 + 1));
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = y * (side * 3 + 1) + 1 + x * 3;
      for (let part = 0; part < 3; part++)
        rows[at + part] = noise ? (at * 2_654_435_761 + part * 40_503) >>> 13 : (colour[part] ?? 0);
    }
  }
  const chunk = (type: string, body: Buffer) => {
    const typed = Buffer.concat([Buffer.from(type), body]);
    const head = Buffer.alloc(4);
    const check = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    check.writeUInt32BE(crc32(typed));
    return Buffer.concat([head, typed, check]);
  };
  const size = Buffer.alloc(13);
  size.writeUInt32BE(side, 0);
  size.writeUInt32BE(side, 4);
  size.set([8, 2, 0, 0, 0], 8);
  const body = deflateSync(rows, { level: noise ? 0 : 6 });
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk("IHDR", size),
    chunk("IDAT", body),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
