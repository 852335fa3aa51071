// The text that a device signs when it connects. Two forms are in use: v3 binds platform and device family too, v2 does not.

export interface SignedClaim {
  deviceId: string;
  clientId: string;
  clientMode: string;
  role: string;
  scopes: readonly string[];
  signedAt: number;
  token: string;
  nonce: string;
  platform?: string | undefined;
  deviceFamily?: string | undefined;
}

export function signedTexts(claim: SignedClaim): { v2: string; v3: string } {
  const fields = [
    claim.deviceId,
    claim.clientId,
    claim.clientMode,
    claim.role,
    claim.scopes.join(","),
    String(claim.signedAt),
    claim.token,
    claim.nonce,
  ].join("|");
  return { v2: `v2|${fields}`, v3: `v3|${fields}|${plain(claim.platform)}|${plain(claim.deviceFamily)}` };
}

/** Lower case of ASCII letters only, as signers do it. */
function plain(text: string | undefined): string {
  return (text ?? "").trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
