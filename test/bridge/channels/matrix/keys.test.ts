// What opens things: the device's keys over a restart, the secret storage, sealed files.
import { createCipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as indexedDb from "fake-indexeddb";
import { encodeRecoveryKey } from "matrix-js-sdk/lib/crypto-api/recovery-key.js";
import { describe, expect, test } from "vitest";
import { opener, readHandle, readOpusMs, sealedFile, sealFile } from "../../../../src/bridge/channels/matrix/files.ts";
import { KeptKeys } from "../../../../src/bridge/channels/matrix/keys/kept-keys.ts";
import { decodeRecoveryKey, openKey, openSecret } from "../../../../src/bridge/channels/matrix/keys/vault.ts";

const folder = () => mkdtempSync(join(tmpdir(), "matrix-keys-"));

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function through(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(new Error("aborted"));
  });
}

describe("the keys' database", () => {
  test("is on disk when a transaction is complete: puts, deletes, cursors, ranges; not what was aborted", async () => {
    const path = join(folder(), "keys-1.db");
    const kept = await KeptKeys.open(path, { ...indexedDb }, (error) => {
      throw error;
    });
    expect(kept.isEmpty).toBe(true);
    const opening = indexedDB.open("crypto", 3);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore("core").put("made while it was set up", "first");
      opening.result.createObjectStore("sessions", { keyPath: "id" }).createIndex("by-room", "room");
    };
    const base = await done(opening);
    const write = base.transaction(["core", "sessions"], "readwrite");
    write.objectStore("core").put(new Uint8Array([1, 2, 3]), ["user", 1]);
    write.objectStore("core").put("gone", "a1");
    write.objectStore("core").put("gone", "a2");
    for (const id of ["x", "y", "z"]) write.objectStore("sessions").put({ id, room: "!r", at: 1 });
    await through(write);
    const change = base.transaction(["core", "sessions"], "readwrite");
    change.objectStore("core").delete(IDBKeyRange.bound("a", "b"));
    change.objectStore("sessions").delete("x");
    const cursor = await done(change.objectStore("sessions").index("by-room").openCursor());
    cursor?.update({ id: "y", room: "!r", at: 2 });
    await through(change);
    const aborted = base.transaction("sessions", "readwrite");
    aborted.objectStore("sessions").put({ id: "never", room: "!r" });
    aborted.abort();
    base.close();
    kept.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);

    // Another program, which has nothing but the file.
    const fresh = { ...indexedDb, indexedDB: new indexedDb.IDBFactory() };
    const again = await KeptKeys.open(path, fresh, (error) => {
      throw error;
    });
    expect(again.isEmpty).toBe(false);
    const back = await done(indexedDB.open("crypto", 3));
    const reading = back.transaction(["core", "sessions"]);
    expect(await done(reading.objectStore("core").get(["user", 1]))).toEqual(new Uint8Array([1, 2, 3]));
    expect(await done(reading.objectStore("core").getAllKeys())).toEqual(["first", ["user", 1]]);
    expect(await done(reading.objectStore("sessions").index("by-room").getAll("!r"))).toEqual([
      { id: "y", room: "!r", at: 2 },
      { id: "z", room: "!r", at: 1 },
    ]);
    back.close();
    again.close();
  });
});

describe("the recovery key", () => {
  const key = randomBytes(32);
  const words = encodeRecoveryKey(key) ?? "";

  test("is read as another client writes it; a slip is noticed", () => {
    expect(decodeRecoveryKey(words)?.equals(key)).toBe(true);
    const slip = words.startsWith("E") ? `${words.slice(0, -1)}${words.endsWith("z") ? "y" : "z"}` : "";
    expect(decodeRecoveryKey(slip)).toBeUndefined();
    expect(decodeRecoveryKey("not a key")).toBeUndefined();
  });

  test("opens what is sealed with it and no other does", async () => {
    const sealed = seal(key, "", Buffer.alloc(32));
    const about = { algorithm: "m.secret_storage.v1.aes-hmac-sha2", iv: sealed.iv, mac: sealed.mac };
    expect((await openKey(words, about)).equals(key)).toBe(true);
    await expect(openKey(encodeRecoveryKey(randomBytes(32)) ?? "", about)).rejects.toThrow("is not the recovery key");
    await expect(openKey("nonsense", about)).rejects.toThrow("is not the recovery key");
    const secret = seal(key, "m.cross_signing.master", Buffer.from("the secret"));
    expect(openSecret(key, "m.cross_signing.master", secret)).toBe("the secret");
    expect(openSecret(key, "m.cross_signing.self_signing", secret)).toBeUndefined();
  });

  function seal(of: Buffer, name: string, bytes: Buffer) {
    const keys = Buffer.from(hkdfSync("sha256", of, Buffer.alloc(32), name, 64));
    const iv = randomBytes(16);
    const cipher = createCipheriv("aes-256-ctr", keys.subarray(0, 32), iv);
    const ciphertext = Buffer.concat([cipher.update(bytes), cipher.final()]);
    const mac = createHmac("sha256", keys.subarray(32)).update(ciphertext).digest("base64");
    return { iv: iv.toString("base64"), ciphertext: ciphertext.toString("base64"), mac };
  }
});

describe("sealed files", () => {
  test("are opened by what their event says, and not when a byte is another", async () => {
    const dir = folder();
    const [plain, closed, open] = [join(dir, "a"), join(dir, "b"), join(dir, "c")];
    writeFileSync(plain, "the log of the boat");
    const about = sealedFile.parse({ ...(await sealFile(plain, closed)), url: "mxc://e.org/1" });
    const bytes = readFileSync(closed);
    expect(bytes.toString()).not.toContain("boat");
    const { createWriteStream } = await import("node:fs");
    await pipeline([Readable.from([bytes]), ...opener(about), createWriteStream(open)]);
    expect(readFileSync(open, "utf8")).toBe("the log of the boat");
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await expect(pipeline([Readable.from([bytes]), ...opener(about), createWriteStream(open)])).rejects.toThrow(
      "not what its sender sealed",
    );
  });

  test("a handle that is none is refused", () => {
    for (const handle of ["", "{}", '{"url":5}', '{"file":{"url":"mxc://e.org/1"}}'])
      expect(() => readHandle(handle)).toThrow("cannot be read");
  });

  test("the length of a voice message stands in its last page", async () => {
    const path = join(folder(), "v.ogg");
    const page = Buffer.alloc(27);
    page.write("OggS");
    page.writeBigUInt64LE(96_000n, 6);
    writeFileSync(path, Buffer.concat([Buffer.from("OggS-first-page-of-it-all......"), page]));
    expect(await readOpusMs(path)).toBe(2000);
    writeFileSync(path, "no audio");
    expect(await readOpusMs(path)).toBeUndefined();
  });
});
