// `npm run deploy`: builds, and puts Skerry into its owner's Cloudflare account. The steps and their order are in
// deployment/; here are the real wrangler, terminal and files behind them.
import { parseArgs } from "node:util";
import { deployFrom } from "./deployment/real.ts";
import { explainUsage } from "./deployment/usage.ts";

const USAGE = `npm run deploy [-- options]

  --name <name>      the Worker's name, a part of its address (default: skerry, or the one of the last time)
  --account <id>     the Cloudflare account, when the login has several (or CLOUDFLARE_ACCOUNT_ID)
  --domain <host>    an own address besides workers.dev, of a zone in that account; kept for later deployments
  --domain-only      with --domain: not at workers.dev as well
  --yes              ask nothing: take secrets from the environment and .dev.vars alone
  --force            upload although nothing has changed
  --dry-run          build and check everything, upload nothing; needs no account and no network
  --help             this text

Without a terminal nothing is asked; log in by CLOUDFLARE_API_TOKEN.`;

await explainUsage(USAGE, async () => {
  const { values } = parseArgs({
    options: {
      name: { type: "string" },
      account: { type: "string" },
      domain: { type: "string" },
      "domain-only": { type: "boolean", default: false },
      yes: { type: "boolean", default: false },
      force: { type: "boolean", default: false },
      "dry-run": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return { help: true };
  return deployFrom({
    mayAsk: !values.yes,
    options: {
      isDryRun: values["dry-run"],
      isForced: values.force,
      isDomainOnly: values["domain-only"],
      name: values.name,
      account: values.account,
      domain: values.domain,
    },
  });
});
