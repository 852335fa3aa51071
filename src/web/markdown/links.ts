// Where a link really leads: shown behind its text when the text says otherwise, or hides something. Pure but for
// `showHost`, which changes the link it is given.

/** Characters that turn, join or hide others: a text with them need not read as it is written. */
const UNSEEN = /\p{Cf}|[\u115f\u1160\u3164\uffa0]|\u034f/u;
const HOST = /(?:[\p{L}\p{N}_-]+[.\u3002\uff0e\uff61])+[\p{L}\p{N}-]{2,}/gu;
/** Endings of files that are no top-level domains: such a name claims nothing. */
const FILE = /\.(?:js|mjs|ts|tsx|jsx|json|html?|css|txt|ya?ml|toml|xml|csv|pdf|png|jpe?g|gif|svg|lock|log|sql|ini|cfg)$/i;

/** The host or mail address that a reader should see beside the text; undefined when the text is honest. */
export function hostToShow(text: string, href: string): string | undefined {
  const url = URL.canParse(href) ? new URL(href) : undefined;
  if (!url) return undefined;
  if (url.protocol === "mailto:") {
    const address = url.pathname;
    const isHonest = !UNSEEN.test(text) && (!text.includes("@") || text.toLowerCase().includes(address.toLowerCase()));
    return isHonest ? undefined : address;
  }
  const isPlain = !UNSEEN.test(text) && url.username === "" && url.password === "";
  if (isPlain && !url.hostname.includes("xn--") && claimedHosts(text).every((host) => isWithin(url.hostname, host)))
    return undefined;
  return text.trim().toLowerCase() === url.host ? undefined : url.host;
}

/** Adds the true host to a link whose text misleads. */
export function showHost(link: Element): void {
  const host = hostToShow(link.textContent, link.getAttribute("href") ?? "");
  if (host === undefined) return;
  const shown = document.createElement("span");
  shown.className = "link-host";
  shown.dir = "ltr";
  shown.textContent = ` (${host})`;
  // The text may turn its direction without turning it back: shut in, it cannot turn the host.
  const words = document.createElement("span");
  words.dir = "auto";
  words.append(...link.childNodes);
  link.append(words, shown);
}

function claimedHosts(text: string): string[] {
  return [...text.matchAll(HOST)]
    .map(([host]) => host.toLowerCase())
    .filter((host) => !FILE.test(host) && !/^[\d.]+$/.test(host));
}

/** Whether the true host is the claimed one, or below it. */
function isWithin(host: string, claimed: string): boolean {
  const name = claimed.replace(/^www\./, "");
  return host === name || host.endsWith(`.${name}`);
}
