// The shell texts that run in a container, each with its arguments beside it and never in it. They need a POSIX shell; what
// they use beyond its own words is in every Debian and in busybox.

/**
 * Starts a command: tells its number first, so that it can be found again, then becomes it. The folder is entered here, inside,
 * not by the engine: an engine that opens a folder on behalf of a container can be led astray by a link.
 * Arguments: folder, command.
 */
export const START = `
cd -- "$1" 2>/dev/null || { printf 'skerry nofolder\\n'; exit 126; }
unset OLDPWD
if [ -t 0 ]; then stty rows 40 cols 120; fi 2>/dev/null
printf 'skerry %s\\n' "$$"
if [ -x /bin/bash ]; then exec /bin/bash -c "$2"; fi
exec /bin/sh -c "$2"
`;

/** The variable by which what a command started is known again, also when it left its session. */
export const MARK = "SKERRY_PROCESS";

/**
 * Sends a signal to all that a command started: its session, children of those (however far), and whoever carries its mark.
 * KILL first stops them all, round after round, until no new one appears. In its first steps it starts no process of its own:
 * there may be no room for one. What cleared its environment, left the session and lost its parent is not found.
 * Arguments: number of the session, mark, signal.
 */
export const KILL = `
members=" "
look() {
  grew=
  for folder in /proc/[0-9]*; do
    pid=\${folder#/proc/}
    case "$members" in *" $pid "*) continue ;; esac
    [ "$pid" = "$$" ] && continue
    state= parent= session=
    while read -r name first rest; do
      case "$name" in State:) state=$first ;; PPid:) parent=$first ;; NSsid:) session=$first; break ;; esac
    done < "$folder/status"
    [ "$state" = Z ] && continue
    [ "$pid" = 1 ] && continue
    is=
    [ "$session" = "$1" ] && is=1
    case "$members" in *" $parent "*) is=1 ;; esac
    [ -n "$is" ] || continue
    members="$members$pid "; grew=1
    [ "$2" = KILL ] && kill -STOP "$pid"
  done
}
marked() {
  for folder in $(grep -ls -F "${MARK}=$1" /proc/[0-9]*/environ); do
    pid=\${folder#/proc/}; pid=\${pid%/environ}
    [ "$pid" = "$$" ] || [ "$pid" = 1 ] && continue
    case "$members" in *" $pid "*) ;; *) members="$members$pid "; grew=1 ;; esac
  done
}
{
  rounds=0
  while [ "$rounds" -lt 50 ]; do rounds=$((rounds + 1)); look "$1" "$3"; [ -n "$grew" ] || break; done
  if [ "$3" = KILL ]; then for pid in $members; do kill -KILL "$pid"; done; fi
  marked "$2"
  while [ -n "$grew" ] && [ "$rounds" -lt 60 ]; do rounds=$((rounds + 1)); look "$1" "$3"; done
  for pid in $members; do kill "-$3" "$pid"; done
} 2>/dev/null
exit 0
`;

/** How often something was ended for want of memory, by either version of cgroups. */
export const OOM_COUNT = `
cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null
exit 0
`;

/**
 * What may be named: nothing of /proc, /sys or /dev, wherever links lead. `resolve` sets `real`, "" when there is nothing; the x
 * keeps a name's own newlines.
 */
const GUARD = `
root=$1 path=$2
resolve() { real=$(readlink -f -- "$1" 2>/dev/null; printf x); real=\${real%x}; real=\${real%?}; }
within() { case "$1" in "$root"|"$root"/*) return 0 ;; *) printf 'outside' >&2; exit 3 ;; esac }
`;

/** Arguments: root, path, offset, bytes. Says size and time in a line, then the bytes. */
export const READ = `${GUARD}
resolve "$path"
[ -n "$real" ] || { printf 'missing' >&2; exit 4; }
within "$real"
[ -e "$real" ] || { printf 'missing' >&2; exit 4; }
[ -f "$real" ] || { printf 'nofile' >&2; exit 5; }
stat -c '%s %Y' -- "$real"
tail -c "+$(($3 + 1))" -- "$real" | head -c "$4"
`;

/**
 * Arguments: root, path, time it should have or "", how many bytes come. Reads them from its input; whole or not at all. A line
 * that was cut looks like an end of input.
 */
export const WRITE = `${GUARD}
if [ -L "$path" ]; then
  resolve "$path"
  [ -n "$real" ] || { printf 'missing' >&2; exit 4; }
  within "$real"
  path=$real
fi
folder=\${path%/*}
# The nearest part that is there tells where the rest will be made.
near=$folder
while [ ! -e "$near" ] && [ ! -L "$near" ] && [ "$near" != "" ]; do near=\${near%/*}; done
resolve "$near"
within "$real"
mkdir -p -- "$folder" || { printf 'nofolder' >&2; exit 6; }
resolve "$folder"
within "$real"
[ -d "$path" ] && { printf 'nofile' >&2; exit 5; }
new=1
if [ -e "$path" ]; then
  new=0
  [ -f "$path" ] || { printf 'nofile' >&2; exit 5; }
  [ -z "$3" ] || [ "$3" = "$(stat -c %Y -- "$path")" ] || { printf 'changed' >&2; exit 7; }
elif [ -n "$3" ]; then
  printf 'changed' >&2; exit 7
fi
draft="$folder/.skerry-$$"
if [ "$new" = 0 ]; then cp -p -- "$path" "$draft" || { rm -f -- "$draft"; exit 8; }; fi
cat > "$draft" || { rm -f -- "$draft"; exit 8; }
[ "$(stat -c %s -- "$draft")" = "$4" ] || { rm -f -- "$draft"; printf 'partial' >&2; exit 9; }
mv -f -- "$draft" "$path" || { rm -f -- "$draft"; exit 8; }
printf '%s ' "$new"
stat -c '%s %Y' -- "$path"
`;

/** Arguments: root, path, depth, bytes it may say. One entry each: kind, size, time, path, ended by a NUL. */
export const LIST = `${GUARD}
resolve "$path"
[ -n "$real" ] || { printf 'missing' >&2; exit 4; }
within "$real"
[ -d "$real" ] || { [ -e "$real" ] && printf 'nofolder' >&2 || printf 'missing' >&2; exit 4; }
find "$real" -mindepth 1 -maxdepth "$3" -exec sh -c 'for one; do stat -c "%F|%s|%Y" -- "$one"; printf "%s\\0" "$one"; done' sh {} + 2>/dev/null | head -c "$4"
exit 0
`;
