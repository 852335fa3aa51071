// What a call is called when nobody said so: history keeps names and arguments, live calls bring their title. Known tools
// get the words they use for themselves, any other its name in words. Pure.
const MAX_CHARS = 90;

const TITLES: Record<string, (argument: (name: string) => string) => string> = {
  read: (argument) => `Read ${argument("path")}`,
  memory_get: (argument) => `Read ${argument("path")}`,
  write: (argument) => `Write ${argument("path")}`,
  edit: (argument) => `Edit ${argument("path")}`,
  ls: (argument) => `List ${argument("path") || "the workspace"}`,
  find: (argument) => `Find ${argument("pattern")}`,
  grep: (argument) => `Search for ${argument("pattern")}`,
  memory_search: (argument) => `Search memory for "${argument("query")}"`,
  web_fetch: (argument) => `Fetch ${argument("url")}`,
  exec: (argument) => `Run ${argument("command")}`,
};

export function titleCall(name: string, args: Record<string, unknown>): string {
  const make = Object.hasOwn(TITLES, name) ? TITLES[name] : undefined;
  const argument = (wanted: string) => (typeof args[wanted] === "string" ? args[wanted].replace(/\s+/g, " ").trim() : "");
  const title = make ? make(argument) : name.replace(/[_-]+/g, " ");
  const short = title.length > MAX_CHARS ? `${title.slice(0, MAX_CHARS)}…` : title;
  return short.charAt(0).toUpperCase() + short.slice(1);
}
