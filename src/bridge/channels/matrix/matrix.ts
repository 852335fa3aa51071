// Matrix, by a device of the assistant's own: logs in, opens the device's keys, and reads the stream (stream.ts has the rules of health).
// All that is kept lies in the line's folder: `matrix.db` (login, place in the stream, rooms) and `keys-….db` (the device's keys).
import { join } from "node:path";
import { HomeRefused } from "../../../contract/errors.ts";
import type { Driver, LineHost } from "../driver.ts";
import { findHomeserver, Homeserver, MatrixNo } from "./homeserver.ts";
import { type CryptoPackage, MatrixDevice } from "./keys/device.ts";
import { type IndexedDbPackage, KeptKeys } from "./keys/kept-keys.ts";
import { MatrixLine } from "./line.ts";
import { keysPath, logIn, type MatrixKeys, readKeys, renew, signedOut } from "./login.ts";
import { Reader } from "./reader.ts";
import { type AutoJoin, Rooms } from "./rooms.ts";
import { type Login, MatrixState } from "./state.ts";
import { reasonOf, Stream } from "./stream.ts";
import { textIn } from "./wire.ts";

export const matrix: Driver = { channel: "matrix", open };

const OPENING_MS = 30_000;

async function open(host: LineHost): Promise<MatrixLine> {
  const { account, log, now } = host;
  const keys = readKeys(account.keys);
  const state = new MatrixState(join(host.dir, "matrix.db"));
  const server = new Homeserver(await reach(() => findHomeserver(keys.url, AbortSignal.timeout(OPENING_MS)), keys.url));
  const login = await reach(() => logIn(server, keys, state), server.url);
  const me = login.userId;
  const opened = account.options["encryption"] === false ? undefined : await openDevice(host, server, login);
  const remark = await opened?.device.gainTrust(keys.recoveryKey, keys.password);
  if (remark !== undefined) log(remark, true);
  const rooms = new Rooms(server, state, me);
  const name = await ownName(server, me);
  const reader = new Reader({
    account: account.account,
    me: { id: me, name },
    server,
    state,
    rooms,
    device: opened?.device,
    log,
    now,
  });
  let refusal: string | undefined;
  const stream = new Stream({
    server,
    state,
    rooms,
    reader,
    device: opened?.device,
    me,
    autoJoin: readAutoJoin(account.options["autoJoin"]),
    readReceipts: account.options["readReceipts"] !== false,
    remark,
    hear: host.hear,
    tell: host.tell,
    log,
    now,
    async renew(error) {
      refusal = await renewed(server, keys, state, login, error);
      if (refusal !== undefined) host.tell({ phase: "refused", said: refusal });
      return refusal === undefined;
    },
    restart(reason) {
      // Out of every promise: the thread ends, and the bridge starts it anew.
      setImmediate(() => {
        throw new Error(reason);
      });
    },
  });
  stream.start();
  return new MatrixLine({
    me,
    server,
    state,
    rooms,
    reader,
    stream,
    device: opened?.device,
    now,
    refusal: () => refusal,
    async end() {
      await stream.stop();
      opened?.device.close();
      opened?.kept.close();
      state.close();
    },
  });
}

async function openDevice(host: LineHost, server: Homeserver, login: Login) {
  const { userId, deviceId } = login;
  if (deviceId === "") {
    throw new HomeRefused(
      "INVALID_REQUEST",
      "The access token belongs to no device, so that nothing can be encrypted: log in, and give the token of that login.",
    );
  }
  // The names of packages are the cast: their exports are those of the versions in packages/matrix.
  const indexedDb = (await host.load("fake-indexeddb")) as IndexedDbPackage;
  const crypto = (await host.load("@matrix-org/matrix-sdk-crypto-wasm")) as CryptoPackage;
  const kept = await KeptKeys.open(keysPath(host.dir, login), indexedDb, (error) => {
    host.log(`The device's keys could not be written down: ${error.message}`, true);
    setImmediate(() => {
      throw error;
    });
  });
  const isNew = kept.isEmpty;
  const device = await reach(() => MatrixDevice.open({ crypto, server, userId, deviceId, isNew }), server.url);
  return { kept, device };
}

/** Undefined: the login holds again. */
async function renewed(
  server: Homeserver,
  keys: MatrixKeys,
  state: MatrixState,
  login: Login,
  error: MatrixNo,
): Promise<string | undefined> {
  if (keys.token === undefined && error.isSoft) {
    try {
      await renew(server, keys, state, login);
      return undefined;
    } catch (reason) {
      if (!(reason instanceof HomeRefused)) throw reason;
      return reason.message;
    }
  }
  // The device is no more, and neither is what was kept for it.
  if (keys.token === undefined) state.dropLogin();
  return signedOut(keys, error);
}

async function ownName(server: Homeserver, me: string): Promise<string> {
  const profile = await server.ask(`/_matrix/client/v3/profile/${encodeURIComponent(me)}`).catch(() => undefined);
  return textIn(profile, "displayname") ?? me.slice(1, me.indexOf(":"));
}

function readAutoJoin(option: unknown): AutoJoin {
  return option === "always" || option === "off" ? option : "allowlist";
}

/** What only needs another try says what it needs; a fault of ours stays what it is. */
async function reach<T>(work: () => Promise<T>, url: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MatrixNo) throw new Error(`the homeserver at ${url} said no: ${error.message}`, { cause: error });
    const isUnreached = error instanceof Error && (error.name === "TimeoutError" || error.message === "fetch failed");
    if (!isUnreached) throw error;
    throw new Error(`the homeserver at ${url} does not answer (${reasonOf(error)})`, { cause: error });
  }
}
