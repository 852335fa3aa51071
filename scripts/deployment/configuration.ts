// The configuration that is uploaded: wrangler.toml, with this deployment's own name, bucket and address put in. It is
// written beside, never into the repository's file: an upgrade must find that unchanged.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as z from "zod";

const schema = z.looseObject({
  name: z.string(),
  main: z.string(),
  assets: z.looseObject({ directory: z.string() }),
  migrations: z.array(z.looseObject({ tag: z.string() })).min(1),
  r2_buckets: z.array(z.looseObject({ binding: z.string(), bucket_name: z.string() })).length(1),
});

export interface Configuration {
  /** As the repository's file names them. */
  name: string;
  bucket: string;
  /** The latest change of the objects' classes. */
  migration: string;
  /** Writes the file for one deployment and answers its path and text. */
  write(own: OwnParts): { path: string; text: string };
}

export interface OwnParts {
  name: string;
  bucket: string;
  accountId?: string | undefined;
  domain?: string | undefined;
  isDomainOnly?: boolean | undefined;
}

export async function readConfiguration(root: string): Promise<Configuration> {
  // Loaded only here: it takes a second, and most commands need none of it.
  const { experimental_readRawConfig } = await import("wrangler");
  const config = schema.parse(experimental_readRawConfig({ config: join(root, "wrangler.toml") }).rawConfig);
  const bucket = config.r2_buckets[0]?.bucket_name ?? "";
  return {
    name: config.name,
    bucket,
    migration: config.migrations.at(-1)?.tag ?? "",
    write(own) {
      // It is built already.
      const { build: _build, ...rest } = config;
      const whole = {
        ...rest,
        name: own.name,
        ...(own.accountId ? { account_id: own.accountId } : {}),
        main: resolve(root, config.main),
        assets: { ...config.assets, directory: resolve(root, config.assets.directory) },
        r2_buckets: config.r2_buckets.map((row) => ({ ...row, bucket_name: own.bucket })),
        ...(own.domain ? { routes: [{ pattern: own.domain, custom_domain: true }] } : {}),
        workers_dev: !own.isDomainOnly,
      };
      const path = join(root, ".cache/deployment/wrangler.json");
      const text = `${JSON.stringify(whole, null, 2)}\n`;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return { path, text };
    },
  };
}
