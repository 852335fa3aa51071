// A real issuer of signed tokens (oauth2-mock-server) on this machine, with its published keys and its token endpoint.
import type { AddressInfo } from "node:net";
import { OAuth2Server } from "oauth2-mock-server";

export interface TokenIssuer {
  url: string;
  /** A token with these claims beside exp and iat; `header` changes what names the key. */
  sign(claims: Record<string, unknown>, wishes?: { kid?: string; lastsS?: number }): Promise<string>;
  /** A further key pair: from now on the published keys hold it. */
  addKey(): Promise<string>;
  /** How often each path was asked for. */
  asked: Map<string, number>;
  /** The assertions and client secrets that were traded for access tokens. */
  traded: Record<string, unknown>[];
  close(): Promise<void>;
}

/** `keyPaths`: where the keys are published beside /jwks. */
export async function startIssuer(keyPaths: readonly string[] = []): Promise<TokenIssuer> {
  const server = new OAuth2Server(undefined, undefined, { endpoints: { token: "/token" } });
  await server.issuer.keys.generate("RS256");
  const asked = new Map<string, number>();
  const traded: Record<string, unknown>[] = [];
  for (const path of keyPaths) {
    server.service.addRoute("GET", path, (_request, response) => {
      asked.set(path, (asked.get(path) ?? 0) + 1);
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ keys: server.issuer.keys.toJSON() }));
    });
  }
  server.service.on("beforeResponse", (_response, request: { body: Record<string, unknown> }) => {
    traded.push(request.body);
  });
  await server.start(0, "127.0.0.1");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sign: (claims, { kid, lastsS = 3600 } = {}) =>
      server.issuer.buildToken({
        ...(kid === undefined ? {} : { kid }),
        expiresIn: lastsS,
        scopesOrTransform: (_header, payload) => {
          Object.assign(payload, { nbf: undefined }, claims);
        },
      }),
    addKey: async () => (await server.issuer.keys.generate("RS256")).kid,
    asked,
    traded,
    close: () => server.stop(),
  };
}
