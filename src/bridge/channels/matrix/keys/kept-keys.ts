// An IndexedDB that is on disk: the encryption library keeps its keys in one and knows no other store, and Node has none. The database
// itself is fake-indexeddb, in memory; each transaction is written to SQLite before the library hears that it is complete, so that no
// key is used that a restart would forget. Everything is read back at the start. Deleting the file makes another device of this one.
import type { DatabaseSync } from "node:sqlite";
import { deserialize, serialize } from "node:v8";
import { openDatabase } from "../../../database.ts";

/** What fake-indexeddb exports, as far as it is used. */
export type IndexedDbPackage = Record<string, unknown>;

const GLOBALS = [
  "indexedDB",
  "IDBCursor",
  "IDBCursorWithValue",
  "IDBDatabase",
  "IDBFactory",
  "IDBIndex",
  "IDBKeyRange",
  "IDBObjectStore",
  "IDBOpenDBRequest",
  "IDBRequest",
  "IDBTransaction",
  "IDBVersionChangeEvent",
] as const;

type Change =
  | { kind: "put"; store: string; key: IDBValidKey; value: unknown }
  | { kind: "delete"; store: string; key: IDBValidKey | IDBKeyRange }
  | { kind: "clear"; store: string };

interface StoreShape {
  name: string;
  keyPath: string | string[] | null;
  autoIncrement: boolean;
  indexes: { name: string; keyPath: string | string[]; unique: boolean; multiEntry: boolean }[];
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS base (name TEXT PRIMARY KEY, version INTEGER NOT NULL, shape TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS record (
    base TEXT NOT NULL, store TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (base, store, key)
  ) WITHOUT ROWID;
`;

export class KeptKeys {
  readonly #db: DatabaseSync;
  readonly #changes = new WeakMap<IDBTransaction, Change[]>();
  /** Not a word is written down while the kept databases are read back, nor after the end. */
  #isReading = true;
  /** What went wrong while writing: from then on nothing may be taken for kept. */
  #trouble: Error | undefined;

  private constructor(path: string) {
    this.#db = openDatabase(path, SCHEMA);
  }

  /** Makes it the IndexedDB of this thread. Once a thread. */
  static async open(path: string, indexedDb: IndexedDbPackage, onTrouble: (error: Error) => void): Promise<KeptKeys> {
    for (const name of GLOBALS) Object.defineProperty(globalThis, name, { value: indexedDb[name], configurable: true });
    const kept = new KeptKeys(path);
    kept.#listen(onTrouble);
    await kept.#readBack();
    kept.#isReading = false;
    return kept;
  }

  /** Whether it holds a device's keys already. */
  get isEmpty(): boolean {
    return this.#db.prepare("SELECT 1 FROM record LIMIT 1").get() === undefined;
  }

  close(): void {
    this.#isReading = true;
    this.#db.close();
  }

  // ── Reading back ──

  async #readBack(): Promise<void> {
    for (const row of this.#db.prepare("SELECT name, version, shape FROM base").all()) {
      const name = String(row["name"]);
      const shape: StoreShape[] = JSON.parse(String(row["shape"]));
      const request = indexedDB.open(name, Number(row["version"]));
      request.onupgradeneeded = () => this.#fill(request.result, name, shape);
      const base = await settled(request);
      base.close();
    }
  }

  #fill(base: IDBDatabase, name: string, shape: readonly StoreShape[]): void {
    const records = this.#db.prepare("SELECT key, value FROM record WHERE base = ? AND store = ?");
    for (const { name: storeName, keyPath, autoIncrement, indexes } of shape) {
      const store = base.createObjectStore(storeName, { keyPath, autoIncrement });
      for (const index of indexes) store.createIndex(index.name, index.keyPath, index);
      for (const row of records.all(name, storeName)) {
        const value: unknown = deserialize(bytesOf(row["value"]));
        if (keyPath === null) store.put(value, deserialize(bytesOf(row["key"])));
        else store.put(value);
      }
    }
  }

  // ── Writing down ──

  #listen(onTrouble: (error: Error) => void): void {
    const { IDBDatabase: Base, IDBObjectStore: Store, IDBCursor: Cursor, IDBFactory: Factory } = globalThis;
    const note = (transaction: IDBTransaction, change: Change) => this.#changes.get(transaction)?.push(change);
    const watch = (transaction: IDBTransaction, write: () => void) => {
      // First of all who listen: the library's own ears come after the file is written.
      transaction.addEventListener("complete", () => {
        if (this.#isReading || this.#trouble) return;
        try {
          write();
        } catch (error) {
          this.#trouble = error instanceof Error ? error : new Error(String(error));
          onTrouble(this.#trouble);
        }
      });
    };
    replace(Base.prototype, "transaction", (inner) => {
      const changes = this.#changes;
      const writeDown = (base: string, noted: readonly Change[]) => this.#write(base, noted);
      return function transaction(this: IDBDatabase, ...args) {
        const opened = inner.apply(this, args);
        const noted: Change[] = [];
        changes.set(opened, noted);
        if (opened.mode === "readwrite") watch(opened, () => writeDown(this.name, noted));
        return opened;
      };
    });
    for (const name of ["put", "add"] as const) {
      replace(Store.prototype, name, (inner) => {
        return function put(this: IDBObjectStore, ...args) {
          const request = inner.apply(this, args);
          // As it is now: what is done with the value afterwards is not kept.
          const value: unknown = structuredClone(args[0]);
          request.addEventListener("success", () =>
            note(this.transaction, { kind: "put", store: this.name, key: request.result, value }),
          );
          return request;
        };
      });
    }
    replace(Store.prototype, "delete", (inner) => {
      return function drop(this: IDBObjectStore, ...args) {
        const request = inner.apply(this, args);
        request.addEventListener("success", () => note(this.transaction, { kind: "delete", store: this.name, key: args[0] }));
        return request;
      };
    });
    replace(Store.prototype, "clear", (inner) => {
      return function clear(this: IDBObjectStore) {
        const request = inner.apply(this, []);
        request.addEventListener("success", () => note(this.transaction, { kind: "clear", store: this.name }));
        return request;
      };
    });
    replace(Cursor.prototype, "update", (inner) => {
      return function update(this: IDBCursor, ...args) {
        const { primaryKey: key } = this;
        const store = storeOf(this);
        const request = inner.apply(this, args);
        const value: unknown = structuredClone(args[0]);
        request.addEventListener("success", () => note(store.transaction, { kind: "put", store: store.name, key, value }));
        return request;
      };
    });
    replace(Cursor.prototype, "delete", (inner) => {
      return function drop(this: IDBCursor) {
        const { primaryKey: key } = this;
        const store = storeOf(this);
        const request = inner.apply(this, []);
        request.addEventListener("success", () => note(store.transaction, { kind: "delete", store: store.name, key }));
        return request;
      };
    });
    replace(Factory.prototype, "open", (inner) => {
      const writeWhole = (base: IDBDatabase) => this.#writeWhole(base);
      const isReading = () => this.#isReading;
      return function open(this: IDBFactory, ...args) {
        const request = inner.apply(this, args);
        request.addEventListener("upgradeneeded", () => {
          if (isReading() || !request.transaction) return;
          // Another shape: the whole of it anew, from what is in memory once the upgrade is through.
          const { result: base } = request;
          request.addEventListener("success", () => void writeWhole(base).catch(onTrouble));
        });
        return request;
      };
    });
    replace(Factory.prototype, "deleteDatabase", (inner) => {
      const forget = (name: string) => this.#forget(name);
      return function deleteDatabase(this: IDBFactory, ...args) {
        forget(args[0]);
        return inner.apply(this, args);
      };
    });
  }

  #write(base: string, noted: readonly Change[]): void {
    if (noted.length === 0) return;
    const put = this.#db.prepare("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)");
    const drop = this.#db.prepare("DELETE FROM record WHERE base = ? AND store = ? AND key = ?");
    const clear = this.#db.prepare("DELETE FROM record WHERE base = ? AND store = ?");
    const keys = this.#db.prepare("SELECT key FROM record WHERE base = ? AND store = ?");
    this.#inOne(() => {
      for (const change of noted) {
        const { store } = change;
        if (change.kind === "put") put.run(base, store, serialize(change.key), serialize(change.value));
        else if (change.kind === "clear") clear.run(base, store);
        else if (!(change.key instanceof IDBKeyRange)) drop.run(base, store, serialize(change.key));
        else {
          const range = change.key;
          for (const row of keys.all(base, store)) {
            const key = bytesOf(row["key"]);
            if (range.includes(deserialize(key))) drop.run(base, store, key);
          }
        }
      }
    });
  }

  async #writeWhole(base: IDBDatabase): Promise<void> {
    const names = [...base.objectStoreNames];
    const shape: StoreShape[] = [];
    const records: { store: string; key: IDBValidKey; value: unknown }[] = [];
    if (names.length > 0) {
      const transaction = base.transaction(names, "readonly");
      for (const name of names) {
        const store = transaction.objectStore(name);
        const indexes = [...store.indexNames].map((index) => {
          const { keyPath, unique, multiEntry } = store.index(index);
          return { name: index, keyPath, unique, multiEntry };
        });
        shape.push({ name, keyPath: store.keyPath, autoIncrement: store.autoIncrement, indexes });
        const [keys, values] = await Promise.all([settled(store.getAllKeys()), settled(store.getAll())]);
        for (const [at, key] of keys.entries()) records.push({ store: name, key, value: values[at] });
      }
    }
    this.#inOne(() => {
      this.#db.prepare("DELETE FROM record WHERE base = ?").run(base.name);
      this.#db.prepare("INSERT OR REPLACE INTO base VALUES (?, ?, ?)").run(base.name, base.version, JSON.stringify(shape));
      const put = this.#db.prepare("INSERT INTO record VALUES (?, ?, ?, ?)");
      for (const { store, key, value } of records) put.run(base.name, store, serialize(key), serialize(value));
    });
  }

  #forget(name: string): void {
    this.#inOne(() => {
      this.#db.prepare("DELETE FROM record WHERE base = ?").run(name);
      this.#db.prepare("DELETE FROM base WHERE name = ?").run(name);
    });
  }

  #inOne(work: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }
}

function replace<O extends object, K extends keyof O>(of: O, name: K, make: (inner: O[K]) => O[K]): void {
  of[name] = make(of[name]);
}

function storeOf({ source }: IDBCursor): IDBObjectStore {
  return "objectStore" in source ? source.objectStore : source;
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Error("The file of the keys is damaged.");
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("The keys could not be read."));
  });
}
