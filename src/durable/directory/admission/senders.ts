// Lists of senders as an owner writes them: "42", "telegram:42", "telegram/work:42", an email address in any case. Pure.

export interface Account {
  channel: string;
  account: string;
  sender: string;
}

interface Named {
  channel: string;
  /** Absent: any account of the channel. */
  account?: string;
  sender: string;
}

const WITH_CHANNEL = /^([a-z][a-z0-9-]{0,31})(?:\/([a-z0-9][a-z0-9-]{0,31}))?:(.+)$/s;

/** An entry that names its channel; undefined when it names none. */
export function readNamed(entry: string): Named | undefined {
  const [, channel, account, sender] = WITH_CHANNEL.exec(entry.trim()) ?? [];
  if (channel === undefined || sender === undefined) return undefined;
  return { channel, sender, ...(account === undefined ? {} : { account }) };
}

export function isSame(named: Named, account: Account): boolean {
  return (
    named.channel === account.channel &&
    (named.account === undefined || named.account === account.account) &&
    isSameId(named.sender, account.sender)
  );
}

/** Whether a list of a channel's own settings holds the sender; "*" is left to whoever asks. */
export function isListed(entries: readonly string[] | undefined, account: Account): boolean {
  return (entries ?? []).some((entry) => {
    if (isSameId(entry.trim(), account.sender)) return true;
    const named = readNamed(entry);
    return named !== undefined && isSame(named, account);
  });
}

/** Email addresses are the same in any case; a platform's ids are taken to the letter. */
function isSameId(written: string, id: string): boolean {
  return written === id || (isEmail(written) && isEmail(id) && written.toLowerCase() === id.toLowerCase());
}

function isEmail(text: string): boolean {
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text);
}
