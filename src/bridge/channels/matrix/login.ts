// Who the line is: by an access token, whose device the homeserver names, or by a password, with a device that stays the same.
import { createHash } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { HomeRefused } from "../../../contract/errors.ts";
import { type Homeserver, MatrixNo } from "./homeserver.ts";
import type { Login, MatrixState } from "./state.ts";
import { textIn } from "./wire.ts";

export interface MatrixKeys {
  url: string;
  userId: string;
  token: string | undefined;
  password: string | undefined;
  recoveryKey: string | undefined;
}

const DEVICE_NAME = "Skerry";

/** @throws HomeRefused */
export function readKeys(keys: Record<string, string>): MatrixKeys {
  const of = (name: string) => keys[name]?.trim() || undefined;
  const [url, userId] = [of("MATRIX_HOMESERVER_URL"), of("MATRIX_USER_ID")];
  const [token, password] = [of("MATRIX_ACCESS_TOKEN"), of("MATRIX_PASSWORD")];
  if (!url) throw new HomeRefused("INVALID_REQUEST", "The homeserver's address is missing: give MATRIX_HOMESERVER_URL.");
  if (!userId || !/^@[^:]+:.+$/.test(userId)) {
    throw new HomeRefused("INVALID_REQUEST", "MATRIX_USER_ID is no Matrix id; it looks like @skerry:matrix.org.");
  }
  if (!token && !password) {
    throw new HomeRefused("INVALID_REQUEST", "There is no way to log in: give MATRIX_ACCESS_TOKEN or MATRIX_PASSWORD.");
  }
  return { url, userId, token, password, recoveryKey: of("MATRIX_RECOVERY_KEY") };
}

/** The kept login while it holds, else a new one. @throws HomeRefused when the homeserver does not take what its owner gave. */
export async function logIn(server: Homeserver, keys: MatrixKeys, state: MatrixState): Promise<Login> {
  const madeOf = createHash("sha256")
    .update(JSON.stringify([keys.url, keys.userId, keys.token ?? keys.password]))
    .digest("hex");
  const kept = state.login;
  if (kept && kept.userId !== keys.userId) state.forget();
  const token = keys.token ?? (kept?.madeOf === madeOf ? kept.token : undefined);
  const login =
    token === undefined
      ? await byPassword(server, keys, madeOf, kept?.userId === keys.userId ? kept.deviceId : undefined)
      : await byToken(server, keys, token, madeOf, kept);
  state.keepLogin(login);
  return login;
}

/** The login ended and the device still is: the same device again. @throws HomeRefused */
export async function renew(server: Homeserver, keys: MatrixKeys, state: MatrixState, login: Login): Promise<Login> {
  const renewed = await byPassword(server, keys, login.madeOf, login.deviceId);
  state.keepLogin(renewed);
  return renewed;
}

async function byToken(server: Homeserver, keys: MatrixKeys, token: string, madeOf: string, kept?: Login): Promise<Login> {
  server.token = token;
  try {
    const who = await server.ask("/_matrix/client/v3/account/whoami");
    const [userId = "", deviceId = ""] = [textIn(who, "user_id"), textIn(who, "device_id")];
    if (userId !== keys.userId) {
      throw new HomeRefused("INVALID_REQUEST", `The access token belongs to ${userId.slice(0, 200)}, not to ${keys.userId}.`);
    }
    return { userId, deviceId, token, madeOf };
  } catch (error) {
    if (!(error instanceof MatrixNo) || !error.isSignedOut) throw error;
    if (keys.token === undefined && error.isSoft) return byPassword(server, keys, madeOf, kept?.deviceId);
    throw new HomeRefused("FORBIDDEN", signedOut(keys, error));
  }
}

async function byPassword(server: Homeserver, keys: MatrixKeys, madeOf: string, deviceId?: string): Promise<Login> {
  const { userId, password } = keys;
  try {
    const answer = await server.ask("/_matrix/client/v3/login", {
      method: "POST",
      body: {
        type: "m.login.password",
        identifier: { type: "m.id.user", user: userId },
        password,
        initial_device_display_name: DEVICE_NAME,
        ...(deviceId === undefined ? {} : { device_id: deviceId }),
      },
    });
    const [token, device, who] = [textIn(answer, "access_token"), textIn(answer, "device_id"), textIn(answer, "user_id")];
    if (!token || !device || who !== userId)
      throw new MatrixNo(502, { error: "the homeserver's answer to the login lacks a token" });
    server.token = token;
    return { userId, deviceId: device, token, madeOf };
  } catch (error) {
    if (!(error instanceof MatrixNo) || error.isPassing) throw error;
    const isWrong = error.code === "M_FORBIDDEN";
    throw new HomeRefused(
      "FORBIDDEN",
      isWrong
        ? `The homeserver does not take the password of ${userId}; check MATRIX_PASSWORD and MATRIX_USER_ID.`
        : `The homeserver does not let ${userId} log in by a password (${error.message}); give an access token instead.`,
    );
  }
}

/** What its owner can do about it. */
export function signedOut({ token, userId }: Pick<MatrixKeys, "token" | "userId">, error: MatrixNo): string {
  if (error.code === "M_USER_DEACTIVATED") return `The account ${userId} was deactivated; give another one.`;
  if (token !== undefined) {
    return "The homeserver does not know the access token any more: somebody signed this device out. Log in anew, and give the new access token.";
  }
  return "The homeserver signed this device out. If that was not you, change the account's password; to sign in as a new device, restart the bridge.";
}

/** A file of its own for each device; those of earlier ones go. */
export function keysPath(dir: string, { userId, deviceId }: Login): string {
  const name = `keys-${createHash("sha256")
    .update(JSON.stringify([userId, deviceId]))
    .digest("hex")
    .slice(0, 16)}.db`;
  for (const file of readdirSync(dir))
    if (file.startsWith("keys-") && !file.startsWith(name)) rmSync(join(dir, file), { force: true });
  return join(dir, name);
}
