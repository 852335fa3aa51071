// Who the app is at Google: the service account's JSON key, and the access token that its signature is traded for.
import { importPKCS8, SignJWT } from "jose";
import * as z from "zod";
import type { Outcome } from "../../../contract/errors.ts";
import type { TokenRequest } from "../api/access-token.ts";
import { type Answer, type Call, callApi } from "../api/call.ts";
import type { Line } from "../channel.ts";

const TOKEN_ADDRESS = "https://oauth2.googleapis.com/token";
const SCOPE = "https://www.googleapis.com/auth/chat.bot";
const keyFile = z.object({
  client_email: z.string().min(3),
  private_key: z.string().min(1),
  private_key_id: z.string().optional(),
});

type KeyFile = z.infer<typeof keyFile>;

export function readServiceAccount(line: Line): Outcome<KeyFile> {
  try {
    return { ok: true, value: keyFile.parse(JSON.parse(line.account.keys["GOOGLE_CHAT_SERVICE_ACCOUNT"] ?? "")) };
  } catch {
    const message =
      "GOOGLE_CHAT_SERVICE_ACCOUNT is not a service account's key; paste the whole JSON file that the Google Cloud console made.";
    return { ok: false, error: { code: "INVALID_REQUEST", message } };
  }
}

export async function callChat(call: Omit<Call, "address"> & { path: string }, line: Line): Promise<Answer> {
  const account = readServiceAccount(line);
  if (!account.ok) {
    const { message } = account.error;
    return { ok: false, status: 401, said: message, outcome: { outcome: "refused", reason: message } };
  }
  return callApi({ ...call, address: `${line.base}/v1/${call.path}` }, tokenRequest(account.value, line), line);
}

/** Google's answer to a signed word of the service account (RFC 7523). */
function tokenRequest({ client_email, private_key, private_key_id }: KeyFile, line: Line): TokenRequest {
  // Where a key is sent is ours to say, not the key file's.
  const address = line.variables["GOOGLE_TOKEN_URL"] || TOKEN_ADDRESS;
  return {
    name: `google-chat ${address} ${client_email} ${private_key_id ?? ""} ${line.account.account} ${line.account.version}`,
    address,
    form: async () => {
      const key = await importPKCS8(private_key, "RS256");
      const at = Math.floor(line.now() / 1000);
      const assertion = await new SignJWT({ scope: SCOPE })
        .setProtectedHeader({ alg: "RS256", typ: "JWT", ...(private_key_id === undefined ? {} : { kid: private_key_id }) })
        .setIssuer(client_email)
        .setAudience(address)
        .setIssuedAt(at)
        .setExpirationTime(at + 3600)
        .sign(key);
      return { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion };
    },
  };
}
