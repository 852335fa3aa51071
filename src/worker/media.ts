// Files: uploads of a logged-in screen, and links that open one file for a while. A link is signed with a key made
// from the owner's token, so nothing is stored and a new token ends all links. What comes out is shut in: no script,
// no guessing of types, and shown in place only when it is a picture, sound, film or plain text.
import { type Context, Hono } from "hono";
import { GatewayError } from "../contract/errors.ts";
import { isSameSecret, signText } from "../durable/gateway/access/secrets.ts";
import { MAX_MEDIA_BYTES, MEDIA_KEY, storeMedia } from "../durable/media.ts";
import { gatewayOf } from "../durable/stubs.ts";
import { type Door, isSameSite, originOf, proofOf } from "./door.ts";
import { refuse, refuseProof } from "./errors.ts";

const LINK_LIFE_MS = 3_600_000;
const SHOWN_IN_PLACE = /^(image\/(png|jpeg|gif|webp|avif|bmp)|audio\/|video\/|text\/plain)/;

export const media = new Hono<Door>();

/** A path that opens the file until `expiresAt`. */
export async function signMediaPath(token: string, key: string, expiresAt: number, name = ""): Promise<string> {
  const signature = await signText(`media\n${token}`, `${key}|${expiresAt}|${name}`);
  const query = new URLSearchParams({ expires: String(expiresAt), signature, ...(name === "" ? {} : { name }) });
  return `/media/${key.replace(/^media\//, "")}?${query}`;
}

media.post("/", async (c) => {
  const answer = await gatewayOf(c.env).check(proofOf(c, (await originOf(c)) === "own"));
  return answer.outcome === "welcome" ? takeFile(c) : refuseProof(c, answer);
});

/** Keeps the body of the request as a file. Contract: whoever sent it was let in. */
export async function takeFile(c: Context<Door>): Promise<Response> {
  const announced = Number(c.req.header("content-length") ?? 0);
  if (announced > MAX_MEDIA_BYTES) return refuse(c, 413, "TOO_LARGE", "The file is larger than 20 MB; send a smaller one.");
  const bytes = await readUpTo(c, MAX_MEDIA_BYTES);
  if (!bytes) return refuse(c, 413, "TOO_LARGE", "The file is larger than 20 MB; send a smaller one.");
  try {
    const ref = await storeMedia(c.env.MEDIA, bytes, readName(c.req.header("x-file-name") ?? c.req.query("name")));
    const url = await signMediaPath(c.env.SKERRY_TOKEN ?? "", ref.key, Date.now() + LINK_LIFE_MS, ref.name);
    return c.json({ ...ref, url });
  } catch (error) {
    if (error instanceof GatewayError) return refuse(c, 400, error.data.code, error.message);
    throw error;
  }
}

media.get("/:hash", async (c) => {
  const key = `media/${c.req.param("hash")}`;
  if (!MEDIA_KEY.test(key)) return refuse(c, 404, "NOT_FOUND", "There is no such file.");
  const name = c.req.query("name") ?? "";
  if (!(await mayOpen(c, key, name)))
    return refuse(c, 403, "FORBIDDEN", "This link has expired or is not whole; open the chat again for a new one.");
  return giveFile(c, key, name);
});

/** Contract: whoever asks may see it. */
export async function giveFile(c: Context<Door>, key: string, name: string): Promise<Response> {
  const stored = await c.env.MEDIA.get(key);
  if (!stored) return refuse(c, 404, "NOT_FOUND", "There is no such file.");
  const type = stored.httpMetadata?.contentType ?? "application/octet-stream";
  const disposition = SHOWN_IN_PLACE.test(type) ? "inline" : "attachment";
  return new Response(stored.body, {
    headers: {
      "content-type": type,
      "content-length": String(stored.size),
      "content-disposition": name === "" ? disposition : `${disposition}; filename*=UTF-8''${encodeURIComponent(name)}`,
      "content-security-policy": "default-src 'none'; sandbox",
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "private, max-age=3600, immutable",
    },
  });
}

/** A good signature, or a logged-in page of ours. */
async function mayOpen(c: Context<Door>, key: string, name: string): Promise<boolean> {
  const expiresAt = Number(c.req.query("expires"));
  const signature = c.req.query("signature");
  if (signature !== undefined) {
    const good = await signText(`media\n${c.env.SKERRY_TOKEN ?? ""}`, `${key}|${expiresAt}|${name}`);
    return expiresAt > Date.now() && (await isSameSecret(signature, good));
  }
  return (await gatewayOf(c.env).check(proofOf(c, isSameSite(c)))).outcome === "welcome";
}

/** The body, unless it is longer than `max`: then it is not read to its end. */
export async function readUpTo(c: Context<Door>, max: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.length;
    if (size > max) return undefined;
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Header values are ASCII; names of files are not: they come percent-encoded. */
function readName(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return text;
  }
}
