// Whether Cloudflare Access stands in front, and whom it may let in as the owner: read from the variables once. What is
// only half there opens nothing, and says what is missing.
const VARIABLES = ["TEAM_DOMAIN", "AUD", "EMAILS", "SERVICES"].map((name) => `CF_ACCESS_${name}`);
const TEAM = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

export type AccessGate =
  | { state: "off" }
  | { state: "incomplete"; reason: string }
  | {
      state: "on";
      /** As the assertions name it: `https://<team>.cloudflareaccess.com`. */
      issuer: string;
      audience: string[];
      /** Where the team's public keys are. */
      certs: URL;
      emails: ReadonlySet<string>;
      /** Client ids of service tokens. */
      services: ReadonlySet<string>;
    };

export function readAccessGate(variables: Record<string, unknown>): AccessGate {
  const read = (name: string) => {
    const value = variables[`CF_ACCESS_${name}`];
    return typeof value === "string" ? value.trim() : "";
  };
  if (VARIABLES.every((name) => typeof variables[name] !== "string" || String(variables[name]).trim() === "")) {
    return { state: "off" };
  }
  const team = read("TEAM_DOMAIN")
    .toLowerCase()
    .replace(/^https:\/\//, "")
    .replace(/\/+$/, "");
  const audience = listOf(read("AUD"));
  const emails = new Set(listOf(read("EMAILS").toLowerCase()));
  const services = new Set(listOf(read("SERVICES")));
  if (!TEAM.test(team)) return incomplete("set CF_ACCESS_TEAM_DOMAIN to the team's name, as in <team>.cloudflareaccess.com");
  if (audience.length === 0) return incomplete("set CF_ACCESS_AUD to the tag of the Access application");
  if (emails.size === 0 && services.size === 0) return incomplete("set CF_ACCESS_EMAILS to the owner's e-mail address");
  const issuer = `https://${team.includes(".") ? team : `${team}.cloudflareaccess.com`}`;
  const certs = URL.parse(read("CERTS_URL") || `${issuer}/cdn-cgi/access/certs`);
  if (!certs) return incomplete("CF_ACCESS_CERTS_URL is no address; leave it out");
  return { state: "on", issuer, audience, certs, emails, services };
}

function incomplete(what: string): AccessGate {
  return { state: "incomplete", reason: `Cloudflare Access is only half set up: ${what}. Until then the owner's token logs in.` };
}

function listOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter((part) => part !== "");
}
