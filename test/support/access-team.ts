// A team of Cloudflare Access on this machine: its keys, a server of them, and assertions as Access signs them.
import { createServer, type Server } from "node:http";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

export const AUD = "32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228";

export interface Claims {
  email?: string;
  common_name?: string;
  aud?: string | string[];
  iss?: string;
  /** Seconds from now; default an hour. */
  lastsS?: number;
  /** Seconds from now; default now. */
  beginsS?: number;
}

export class AccessTeam {
  readonly issuer: string;
  readonly keys: JWK[] = [];
  #private: CryptoKey | undefined;
  #kid = "";

  constructor(name: string) {
    this.issuer = `https://${name}.cloudflareaccess.com`;
  }

  static async found(name = "ada"): Promise<AccessTeam> {
    const team = new AccessTeam(name);
    await team.rotate();
    return team;
  }

  /** A new key signs from now on; the one before it stays among the published ones, as Access does it. */
  async rotate(): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    this.#private = privateKey;
    this.#kid = crypto.randomUUID().replaceAll("-", "");
    const key = { ...(await exportJWK(publicKey)), kid: this.#kid, alg: "RS256", use: "sig" };
    this.keys.splice(0, this.keys.length, key, ...this.keys.slice(0, 1));
  }

  /** `kid` null: none is named. */
  sign(claims: Claims, now = Date.now(), kid: string | null = this.#kid): Promise<string> {
    const { aud, iss, lastsS = 3600, beginsS = 0, ...who } = claims;
    if (!this.#private) throw new Error("The team has no key.");
    const seconds = Math.floor(now / 1000);
    return new SignJWT({ type: "app", sub: who.email ? crypto.randomUUID() : "", ...who })
      .setProtectedHeader({ alg: "RS256", typ: "JWT", ...(kid === null ? {} : { kid }) })
      .setIssuer(iss ?? this.issuer)
      .setAudience(aud ?? [AUD])
      .setIssuedAt(seconds + Math.min(beginsS, lastsS))
      .setNotBefore(seconds + beginsS)
      .setExpirationTime(seconds + lastsS)
      .sign(this.#private);
  }
}

export interface CertsServer {
  url: string;
  /** How often the keys were asked for. */
  asked(): number;
  stop(): Promise<void>;
}

export async function serveCerts(team: AccessTeam): Promise<CertsServer> {
  let count = 0;
  const server: Server = createServer((_request, response) => {
    count += 1;
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: team.keys }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/cdn-cgi/access/certs`,
    asked: () => count,
    stop: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
