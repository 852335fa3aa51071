// How a program that is started reaches the registry of packages from this machine.

/** What npm needs of this machine to reach its registry: the bridge fetches the channel's packages. They are kept in one place for all. */
export function toTheRegistry(): Record<string, string> {
  const names = /^(npm_config_(?!cache$|prefer_offline$).*|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS)$/i;
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value && names.test(name) ? [[name, value]] : [])),
  );
}
