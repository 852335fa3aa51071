// Programs that run others, or code that they are given: by options, by files of the folder they stand in, or from inside.
// To be on the list is not enough for these: an entry has to say with which arguments. Names only; nothing is decided here.
import { basename } from "node:path";
import type { Executable } from "./executables.ts";

const LAUNCHERS = new Set(
  `
  sh bash rbash dash ash zsh ksh mksh fish csh tcsh rc elvish nu pwsh powershell xonsh busybox toybox
  python pypy node nodejs deno bun perl ruby irb php lua luajit tclsh wish expect guile racket sbcl clisp ghci runghc scala
  kotlin groovy java jshell jrunscript jjs javaw R Rscript julia octave gnuplot maxima erl elixir iex ocaml osascript
  awk gawk mawk nawk sed gsed ed red ex vi vim vimdiff rvim view rview nvim emacs emacsclient nano pico joe jed micro helix hx
  mcedit mc editor sensible-editor less more most pg pager sensible-pager man info bat batcat view vipw vigr visudo crontab
  env printenv nice nohup timeout stdbuf ionice chrt taskset setsid setarch linux32 linux64 i386 x86_64 unshare nsenter chroot
  capsh setpriv runuser su sudo sudoedit doas pkexec gosu runcon newgrp sg time xargs parallel watch entr flock script
  scriptreplay screen tmux byobu dtach abduco at batch cron anacron systemd-run systemctl service start-stop-daemon daemonize
  supervisord run-parts run-mailcap xdg-open open gio gtk-launch dbus-launch dbus-run-session dbus-send gdbus busctl xvfb-run
  fd fdfind ag ack git gh hub hg svn cvs bzr fossil tig lazygit
  tar bsdtar gtar star cpio pax zip unzip 7z 7za 7zr rar unrar ar gzip zcat zgrep zless zmore rsync scp sftp ssh sshpass mosh
  autossh slogin rsh rlogin ssh-keygen ssh-agent ssh-add ssh-copy-id telnet ftp lftp ncftp tftp nc ncat netcat socat openvpn
  wg-quick curl wget aria2c httpie http yt-dlp youtube-dl openssl gpg gpg2 pass dc
  make gmake bmake cmake ctest cpack ninja meson scons rake just task ant mvn mvnw gradle gradlew sbt bazel buck buck2 pants
  gcc g++ cc c++ clang clang++ cpp ld as gold lld tcc rustc cargo rustup go gofmt dotnet msbuild mono mcs swift swiftc xcrun
  xcodebuild javac nasm yasm strip objcopy dpkg-buildpackage debuild pkgbuild makepkg rpmbuild configure
  npm npx pnpm pnpx yarn bunx corepack nvm fnm volta tsx ts-node tsc vite webpack rollup esbuild eslint prettier jest vitest
  mocha playwright pip pipx uv uvx poetry pdm hatch conda mamba micromamba tox nox pytest ipython jupyter ansible
  ansible-playbook salt puppet chef terraform tofu packer vagrant gem bundle bundler pod composer artisan drush wp rails django
  apt apt-get aptitude apt-key dpkg dpkg-deb rpm yum dnf zypper pacman apk snap flatpak brew port nix nix-shell nix-env nix-build
  guix emerge
  docker podman nerdctl buildah skopeo kubectl helm oc crictl ctr runc crun lxc lxc-attach virsh qemu systemd-nspawn machinectl
  bwrap firejail proot fakeroot fakechroot ltrace strace gdb lldb valgrind perf rr bpftrace bcc dtrace dtruss sysdig nm
  psql pg_dump mysql mariadb mysqldump sqlite sqlite3 redis-cli mongo mongosh duckdb
  tee dd cp mv ln install rm rmdir shred truncate split csplit mkfifo mknod touch chmod chown chgrp chattr setfacl setcap rename
  patch ldconfig ldd mount umount swapon modprobe insmod kexec reboot shutdown halt poweroff init telinit kill pkill killall
  useradd usermod userdel groupadd passwd chsh chfn chpasswd gpasswd iptables ip nft sysctl hostname hostnamectl
  logger mail mailx sendmail mutt alpine wall write mesg
  facter fzf dmenu rofi zenity dialog whiptail jq yq xmllint xsltproc latex pdflatex xelatex lualatex tex latexmk bibtex m4 gs
  convert magick ffmpeg ffplay mpv vlc pandoc troff groff nroff soelim lp lpr enscript a2ps code subl atom idea
  firefox chromium google-chrome chrome safari openclaw skerry codex claude gemini aider crush opencode
  prlimit choom uclampset chpst setuidgid softlimit envdir dumb-init tini catatonit systemd-inhibit systemd-cat
  systemd-socket-activate systemd-dissect run0 gpg-agent eatmydata torsocks torify tsocks proxychains proxychains4 aa-exec cgexec
  numactl schedtool trickle catchsegv sem chronic ifne pee mispipe cpulimit daemon unbuffer rlwrap msgexec msgfilter logsave
  logrotate mdadm dhclient ifup ifdown udevadm pppd minicom cu nmap tshark dumpcap prove cpan pdb pydoc idle erb w3m lynx links
  elinks update-alternatives dpkg-divert invoke-rc.d update-rc.d debconf sshfs fsck mkfs debugfs htop top heaptrack cflow ctags
  bison yacc flex lex
  launchctl plutil defaults networksetup scutil security hdiutil diskutil installer softwareupdate automator shortcuts
  `
    .trim()
    .split(/\s+/),
);

/** Commands of the shell itself: no file stands for what they do. */
const SHELL_OWN = new Set(
  `
  builtin exec eval source . alias unalias export declare typeset local readonly set shopt enable hash trap ulimit umask wait
  jobs fg bg disown cd pushd popd read mapfile readarray let unset shift getopts complete compgen compopt bind caller dirs fc
  help history logout suspend times type coproc function select return break continue exit :
  `
    .trim()
    .split(/\s+/),
);

/** They run what a file says that is named in their arguments: what such a file says belongs to the plan. */
const CODE_READERS = new Set(
  `
  sh bash rbash dash ash zsh ksh mksh fish csh tcsh pwsh busybox toybox source . python pypy node nodejs deno bun perl ruby php
  lua luajit tclsh wish expect guile racket java r rscript julia octave osascript awk gawk mawk nawk sed make gmake cmake ninja
  just rake ant gradle tsx ts-node ansible-playbook pytest vim vi ex ed emacs gdb lldb psql mysql sqlite3 crontab at ld
  `
    .trim()
    .split(/\s+/),
);

/** Launchers of which the very same call may be remembered: what they do stands in their arguments and in files of the folder. */
const REPEATABLE: Record<string, RegExp | undefined> = {
  ...Object.fromEntries(
    "cp mv rm rmdir touch ln chmod make npm pnpm yarn cargo go pytest tsc eslint prettier jest vitest"
      .split(" ")
      .map((name) => [name, /^/]),
  ),
  // With what comes before the subcommand, git can be made to run anything.
  git: /^(status|diff|log|show|branch|fetch|pull|add|commit|stash|blame|remote|tag|rev-parse|ls-files)$/,
};

/** They show facts about files and the machine and do nothing else: whoever allows one for always means any arguments. */
const SHOWING = new Set("ls dir stat du df file tree realpath readlink which whereis free cal lscpu lsblk groups who".split(" "));

/** They look for what they run in every folder below the one they stand in. */
const LOOKING_BELOW = new Set("pytest tsc eslint prettier jest vitest".split(" "));

/** With these arguments they run others, or change files, although they do not otherwise. Long options may be cut short. */
const RISKY: Record<string, (args: readonly string[]) => boolean> = {
  find: any(/^-(delete|ok|okdir|fprint|fprint0|fprintf|fls)$/),
  rg: any(/^--(pre|hostname-bin|search-zip)|^-[a-zA-Z]*z/),
  sort: any(/^-[^-]*[oT]|^--(o|c|f|t|ra)/),
  uniq: (args) => countOperands(args) > 1,
  xxd: (args) => countOperands(args) > 1,
  shuf: any(/^-[^-]*o|^--o/),
  iconv: any(/^-[^-]*o|^--o/),
  tree: any(/^-[^-]*[oR]|^--[of]/),
  // Names that are read out of a file are said: -f, --files-from, --files0-from.
  file: any(/^-[^-]*[Cf]|^--[cf]/),
  du: any(/^--f/),
  diff3: any(/^--d/),
  sdiff: any(/^-[^-]*o|^--(o|d)/),
  fuser: any(/^-[^-]*k|^--k/),
  tcpdump: any(/^-[^-]*[zwW]/),
  // A word by itself sets the clock.
  date: any(/^-[^-]*[sf]|^--(s|f)|^[^+-]/),
};

/** One file that is many programs, told apart by the name it is called by. */
const MANY_IN_ONE = new Set([
  "busybox",
  "toybox",
  "coreutils",
  "uutils",
  "box",
  "gnu-coreutils",
  "sbase-box",
  "pyenv",
  "asdf",
  "mise",
]);

/** The names by which a program may be known: as called, and as the file is called; without versions. */
export function namesOf(executable: Pick<Executable, "path" | "real">): string[] {
  const names = [basename(executable.path), basename(executable.real)];
  return [...new Set(names.flatMap((name) => [name, plainName(name)]))];
}

export function isLauncher(executable: Pick<Executable, "path" | "real">): boolean {
  const called = basename(executable.path);
  if (isManyInOne(executable) && called !== basename(executable.real)) return isLauncherName(called);
  return namesOf(executable).some(isLauncherName);
}

export function isShellOwn(name: string): boolean {
  return SHELL_OWN.has(name);
}

function any(pattern: RegExp): (args: readonly string[]) => boolean {
  return (args) => args.some((arg) => pattern.test(arg));
}

function countOperands(args: readonly string[]): number {
  return args.filter((arg) => arg === "-" || !arg.startsWith("-")).length;
}

/** `words`: one command; an empty word is one that is not known. */
export function mayReadCode(words: readonly string[]): boolean {
  return words[0] === "" || words.some((word) => CODE_READERS.has(plainName(basename(word))));
}

/** Whether with these arguments being on the list is not enough. */
export function needsArguments(executable: Pick<Executable, "path" | "real">, args: readonly string[]): boolean {
  if (isLauncher(executable)) return true;
  return namesOf(executable).some((name) => Object.hasOwn(RISKY, name) && RISKY[name]?.(args) === true);
}

/** Whether the owner's "always" may be kept for exactly this call. */
export function isRepeatable(executable: Pick<Executable, "path" | "real">, args: readonly string[]): boolean {
  if (args.some((arg) => arg === "-" || arg.startsWith("/dev/"))) return false;
  return namesOf(executable).some((name) => Object.hasOwn(REPEATABLE, name) && REPEATABLE[name]?.test(args[0] ?? "") === true);
}

export function showsOnly(executable: Executable): boolean {
  return executable.isSystem && !isManyInOne(executable) && namesOf(executable).every((name) => SHOWING.has(name));
}

export function looksBelow(path: string): boolean {
  return LOOKING_BELOW.has(plainName(basename(path)));
}

export function isManyInOne({ real }: Pick<Executable, "real">): boolean {
  return MANY_IN_ONE.has(basename(real));
}

function isLauncherName(name: string): boolean {
  const plain = plainName(name);
  // The loader runs whatever file it is given.
  if (/^ld(64)?[-.].*so/.test(name) || /^(ld-linux|ld-musl|rtld)/.test(name)) return true;
  return LAUNCHERS.has(name) || LAUNCHERS.has(plain) || /-(gcc|g\+\+|clang|ld|as|strip|objcopy|nm)$/.test(plain);
}

/** python3.11, vim.basic, gcc-12, perl5.36-x86_64-linux-gnu → python, vim, gcc, perl. */
function plainName(name: string): string {
  const whole = name.toLowerCase().replace(/\.exe$/, "");
  return whole.match(/^([a-z+_-]*[a-z+])(?:[-.]?\d[\w.+-]*|\.[a-z][\w.-]*)$/)?.[1] ?? whole;
}
