// Marks of texts, to see that something changed. No secret and no proof of anything.

/** A short mark that changes when the text does (FNV-1a, 32 bit). */
export function markOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(36);
}
