// The keys of a talk turn like a ratchet: each step is read, turned and written. Two at once lose one of the steps, and then nobody can read
// the other any more. The library keeps them apart by the name of the person, but people have two names there, and what it sends it writes
// only when all of it is out. So here each step is taken by itself, at once on the disk, and by the present connection alone: one that has
// ended goes on with what it had begun.
import { AsyncLocalStorage } from "node:async_hooks";
import type { SignalRepositoryWithLIDStore } from "@whiskeysockets/baileys";

/** A step may ask WhatsApp for somebody's other name; nobody waits for that without end. */
const LONGEST_TURN_MS = 10_000;

export function guardRatchets(inner: SignalRepositoryWithLIDStore, isPresent: () => boolean): SignalRepositoryWithLIDStore {
  // Outside of whatever the library has begun and would write later as one.
  const outside = AsyncLocalStorage.snapshot();
  let before: Promise<unknown> = Promise.resolve();
  const alone =
    <A extends unknown[], R>(act: (...given: A) => Promise<R>) =>
    (...given: A): Promise<R> => {
      const mine = atMost(before).then(() => {
        if (!isPresent()) throw new Error("Connection Closed");
        return outside(() => act(...given));
      });
      before = mine.catch(() => undefined);
      return mine;
    };
  return {
    ...inner,
    decryptMessage: alone((request) => inner.decryptMessage(request)),
    decryptGroupMessage: alone((request) => inner.decryptGroupMessage(request)),
    encryptMessage: alone((request) => inner.encryptMessage(request)),
    encryptGroupMessage: alone((request) => inner.encryptGroupMessage(request)),
    processSenderKeyDistributionMessage: alone((request) => inner.processSenderKeyDistributionMessage(request)),
    injectE2ESession: alone((request) => inner.injectE2ESession(request)),
    migrateSession: alone((from, to) => inner.migrateSession(from, to)),
    deleteSession: alone((jids) => inner.deleteSession(jids)),
  };
}

async function atMost(turn: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LONGEST_TURN_MS);
  await Promise.race([turn, promise]);
  clearTimeout(timer);
}
