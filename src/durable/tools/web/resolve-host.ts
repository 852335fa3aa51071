// Addresses of a name by DNS over HTTPS, for platforms that resolve names out of our sight. The check of an address needs
// them before the request is made (address-guard.ts). Throws when nobody answered, which closes.
import * as z from "zod";

const DEFAULT_RESOLVER = "https://cloudflare-dns.com/dns-query";
const TIMEOUT_MS = 5000;
const ADDRESS_TYPES: Readonly<Record<number, true>> = { 1: true, 28: true };

const answerSchema = z.object({
  Status: z.int(),
  Answer: z.array(z.object({ type: z.int(), data: z.string() })).optional(),
});

/** `resolveHost` of the ToolContext. `resolver` answers the JSON form of DNS over HTTPS. */
export function resolveOverHttps(fetcher: typeof fetch, resolver = DEFAULT_RESOLVER): (name: string) => Promise<string[]> {
  const ask = async (name: string, type: "A" | "AAAA"): Promise<string[]> => {
    const response = await fetcher(`${resolver}?name=${encodeURIComponent(name)}&type=${type}`, {
      headers: { accept: "application/dns-json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`The DNS service answered ${response.status}.`);
    const { Status: status, Answer: records = [] } = answerSchema.parse(await response.json());
    // 3: the name does not exist. Anything else but 0 is no answer.
    if (status !== 0 && status !== 3) throw new Error(`The DNS service could not answer (code ${status}).`);
    return records.filter((record) => ADDRESS_TYPES[record.type]).map((record) => record.data);
  };
  return async (name) => (await Promise.all([ask(name, "A"), ask(name, "AAAA")])).flat();
}
