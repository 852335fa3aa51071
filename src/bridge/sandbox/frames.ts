// The engine's form of two streams on one line: eight bytes (which stream, how long), then so many bytes. Passes parts on as
// they come and holds back nothing but an unfinished head, whatever length a head claims.
const HEAD = 8;

export function readFrames(onChunk: (chunk: Uint8Array, stream: "out" | "error") => void): (bytes: Uint8Array) => void {
  const head = new Uint8Array(HEAD);
  let headBytes = 0;
  let left = 0;
  let stream: "out" | "error" = "out";
  return (bytes) => {
    let at = 0;
    while (at < bytes.length) {
      if (left > 0) {
        const part = bytes.subarray(at, at + left);
        onChunk(part, stream);
        left -= part.length;
        at += part.length;
        continue;
      }
      const wanted = Math.min(HEAD - headBytes, bytes.length - at);
      head.set(bytes.subarray(at, at + wanted), headBytes);
      headBytes += wanted;
      at += wanted;
      if (headBytes < HEAD) return;
      headBytes = 0;
      stream = head[0] === 2 ? "error" : "out";
      left = new DataView(head.buffer).getUint32(4);
    }
  };
}
