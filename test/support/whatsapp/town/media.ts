// Files as WhatsApp keeps them: ciphered with keys that only the message holds, on a host that is reached by https for what is sent and,
// since nothing else is asked at this machine, by http for what is fetched. The cipher is written anew here, not the library's.
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { createServer as createHttp, type RequestListener, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { generate } from "selfsigned";

export type FileKind = "Image" | "Video" | "Audio" | "Document";

export interface KeptFile {
  mediaKey: Uint8Array;
  directPath: string;
  url: string;
  fileSha256: Uint8Array;
  fileEncSha256: Uint8Array;
  fileLength: number;
}

export class MediaHost {
  readonly #files = new Map<string, Buffer>();
  readonly #servers: Server[] = [];
  /** Of its certificate, for whoever is to trust it. */
  certificate = "";
  securePort = 0;
  #plainPort = 0;
  /** Of each upload: its path with what stands behind it. */
  readonly uploads: string[] = [];

  async start(): Promise<void> {
    const serve: RequestListener = (request, response) => {
      const url = new URL(request.url ?? "/", "http://127.0.0.1");
      if (request.method === "GET") {
        const found = this.#files.get(url.pathname);
        return void response.writeHead(found ? 200 : 404).end(found);
      }
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const path = `/v/${randomBytes(9).toString("hex")}.enc`;
        this.#files.set(path, Buffer.concat(parts));
        this.uploads.push(url.pathname);
        const isAllowed = url.searchParams.get("auth") === "let-me";
        response.writeHead(isAllowed ? 200 : 401, { "content-type": "application/json" });
        response.end(JSON.stringify(isAllowed ? { url: this.#urlOf(path), direct_path: path } : {}));
      });
    };
    const names = [{ type: 7 as const, ip: "127.0.0.1" }];
    const { cert, private: key } = await generate([{ name: "commonName", value: "127.0.0.1" }], {
      keySize: 2048,
      extensions: [
        { name: "basicConstraints", cA: true },
        { name: "subjectAltName", altNames: names },
      ],
    });
    this.certificate = cert;
    this.securePort = await this.#listen(createHttps({ cert, key }, serve));
    this.#plainPort = await this.#listen(createHttp(serve));
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => {
        server.closeAllConnections();
        return new Promise((done) => server.close(done));
      }),
    );
  }

  /** As a phone does before it sends a message with a file. */
  put(kind: FileKind, bytes: Uint8Array): KeptFile {
    const mediaKey = randomBytes(32);
    const { iv, cipherKey, macKey } = keysOf(mediaKey, kind);
    const cipher = createCipheriv("aes-256-cbc", cipherKey, iv);
    const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
    const whole = Buffer.concat([sealed, macOf(macKey, iv, sealed)]);
    const path = `/v/${randomBytes(9).toString("hex")}.enc`;
    this.#files.set(path, whole);
    return {
      mediaKey,
      directPath: path,
      url: this.#urlOf(path),
      fileSha256: sha256(bytes),
      fileEncSha256: sha256(whole),
      fileLength: bytes.byteLength,
    };
  }

  /** As a phone does with a message that names a file. @throws when anything about it does not fit. */
  take(
    kind: FileKind,
    file: {
      directPath?: string | null;
      mediaKey?: Uint8Array | null;
      fileSha256?: Uint8Array | null;
      fileEncSha256?: Uint8Array | null;
    },
  ): Buffer {
    const whole = this.#files.get(file.directPath ?? "");
    if (!whole || !file.mediaKey) throw new Error(`No file lies at ${file.directPath}.`);
    const { iv, cipherKey, macKey } = keysOf(file.mediaKey, kind);
    const [sealed, mac] = [whole.subarray(0, -10), whole.subarray(-10)];
    if (!mac.equals(macOf(macKey, iv, sealed))) throw new Error("The file's seal is broken.");
    if (!sha256(whole).equals(Buffer.from(file.fileEncSha256 ?? []))) throw new Error("The sealed file is another one.");
    const decipher = createDecipheriv("aes-256-cbc", cipherKey, iv);
    const plain = Buffer.concat([decipher.update(sealed), decipher.final()]);
    if (!sha256(plain).equals(Buffer.from(file.fileSha256 ?? []))) throw new Error("The file is another one.");
    return plain;
  }

  #urlOf(path: string): string {
    return `http://127.0.0.1:${this.#plainPort}${path}`;
  }

  async #listen(server: Server): Promise<number> {
    this.#servers.push(server);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return (server.address() as AddressInfo).port;
  }
}

function keysOf(mediaKey: Uint8Array, kind: FileKind) {
  const all = Buffer.from(hkdfSync("sha256", mediaKey, "", `WhatsApp ${kind} Keys`, 112));
  return { iv: all.subarray(0, 16), cipherKey: all.subarray(16, 48), macKey: all.subarray(48, 80) };
}

function macOf(key: Buffer, iv: Buffer, sealed: Buffer): Buffer {
  return createHmac("sha256", key).update(iv).update(sealed).digest().subarray(0, 10);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
