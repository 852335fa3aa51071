// Getting in: by the code of a one-time link, or by the owner's token. Either becomes a cookie that scripts cannot read;
// neither stays in the address, in storage or in memory.
export type LoginOutcome = { ok: true } | { ok: false; reason: string };

/** Takes the code out of `/#code=…` and out of the address at once, before anything else can see it. */
export function takeCode(): string | undefined {
  const code = /^#code=([\w-]{8,256})$/.exec(location.hash)?.[1];
  if (location.hash.startsWith("#code=")) history.replaceState(null, "", location.pathname + location.search);
  return code;
}

export async function logIn(proof: { code: string } | { token: string }): Promise<LoginOutcome> {
  let response: Response;
  try {
    response = await fetch("/auth/login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(proof),
      credentials: "same-origin",
    });
  } catch {
    return { ok: false, reason: "Skerry cannot be reached. Check that it runs, then try again." };
  }
  if (response.ok) return { ok: true };
  if (response.status === 429) {
    const seconds = Number(response.headers.get("retry-after")) || 60;
    return { ok: false, reason: `Too many attempts. Try again in ${describeWait(seconds)}.` };
  }
  if (response.status >= 500) return { ok: false, reason: "Skerry could not answer. Try again in a moment." };
  return {
    ok: false,
    reason:
      "code" in proof
        ? "This link was used before or is too old. Make a new one with “skerry open”, or paste the token."
        : "That is not the owner's token. At home it is in the file .skerry/token; deployed it is the secret SKERRY_TOKEN.",
  };
}

/** Answers where to go next: behind Cloudflare Access one must log out there too. */
export async function logOut(): Promise<string> {
  try {
    const response = await fetch("/auth/logout", { method: "POST", credentials: "same-origin" });
    const { next }: { next?: unknown } = await response.json();
    return next === "/cdn-cgi/access/logout" ? next : "/";
  } catch {
    return "/";
  }
}

function describeWait(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
