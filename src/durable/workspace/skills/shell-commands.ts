// Programs that the in-process shell of `exec` has: what a skill may ask for with `requires.bins`.
// Kept as a list because the shell itself loads only when it is used; a test compares it with the shell.
const NAMES = `
awk base64 basename bash cat chmod clear column comm cp cut date diff dirname du echo egrep env expand expr false fgrep file find
fold grep gunzip gzip head help html-to-markdown join jq ln ls md5sum mkdir mv nl od paste printenv printf pwd readlink rev rg rm
rmdir sed seq sh sha1sum sha256sum sleep sort split stat strings tac tail tee time timeout touch tr tree true unexpand uniq wc
which xargs zcat`;

export const SHELL_COMMANDS: ReadonlySet<string> = new Set(NAMES.split(/\s+/).filter((name) => name !== ""));
