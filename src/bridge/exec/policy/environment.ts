// What a process on this machine gets as its environment: a few facts about its owner's session and what was asked for, never
// the bridge's own. Variables that make programs load or run something are refused from the outside.

/** They load code, run programs, or change which program a name means. */
const REFUSED =
  /^(LD_|DYLD_|NODE_|PYTHON|PERL|RUBY|BUNDLE_|GEM_|GIT_|BASH|KSH_|ZSH|LUA_|PHP|JAVA_|_JAVA_|JDK_|CLASSPATH|MAVEN_|GRADLE_|SBT_|NPM_|npm_|YARN_|PNPM_|COREPACK_|DENO_|BUN_|CARGO|RUST|GO[A-Z]|MAKE|CMAKE_|CC$|CXX$|CFLAGS|LDFLAGS|GCC_|COMPILER_|TAR_|RSYNC_|SSH_|SUDO_|GPG_|GNUPGHOME|OPENSSL_|SSL|CURL_|WGETRC|LESS|MORE$|MAN|PAGER|EDITOR|VISUAL|BROWSER|GCONV_|LOCPATH|NLSPATH|GLIBC_|MALLOC_|GTK_|QT_|GIO_|GDK_|TERMINFO|TERMCAP|DOCKER_|KUBE|ANSIBLE_|TERRAFORM_|TF_|SKERRY|CF_|CLOUDFLARE_)|^(PATH|ENV|IFS|CDPATH|SHELL|SHELLOPTS|PS[0-9]|PROMPT_COMMAND|ZDOTDIR|FPATH|GZIP|GREP_OPTIONS|POSIXLY_CORRECT|INPUTRC|HISTFILE|PWD|OLDPWD|HOSTALIASES|RES_OPTIONS|TMPDIR|HOME|XDG_.*)$/;

/** They say how something is to look. */
const HARMLESS = /^(LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|COLORTERM|COLUMNS|LINES|NO_COLOR|FORCE_COLOR|CLICOLOR|CLICOLOR_FORCE|CI)$/;
/** No path to a file that a library would read. */
const HARMLESS_VALUE = /^(?!\/|:|.*\.\.)[\w.,:@+\-/ ]{0,128}$/;

const INHERITED =
  /^(HOME|USER|LOGNAME|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|XDG_(RUNTIME_DIR|SESSION_TYPE|DATA_HOME|CONFIG_HOME|CACHE_HOME)|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|DBUS_SESSION_BUS_ADDRESS)$/;

export function refusedNames(env: Readonly<Record<string, string>>): string[] {
  return Object.keys(env).filter((name) => REFUSED.test(name));
}

export function isHarmlessVariable(name: string, value: string): boolean {
  return HARMLESS.test(name) && HARMLESS_VALUE.test(value);
}

/** `own`: the bridge's environment, of which all but a few names stay behind. */
export function makeEnvironment(
  own: NodeJS.ProcessEnv,
  wanted: Readonly<Record<string, string>>,
  searchPath: readonly string[],
): Record<string, string> {
  const inherited = Object.entries(own).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && INHERITED.test(entry[0]),
  );
  return { TERM: "dumb", ...Object.fromEntries(inherited), ...wanted, PATH: searchPath.join(":") };
}
