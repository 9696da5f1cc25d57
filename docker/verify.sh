#!/usr/bin/env bash
# Builds the image from this tree and shows that it keeps what docs/CONTAINER.md promises, with real containers and a
# filex-client outside of them. Needs docker or podman, and `npm run build` before. Exit 0: all is so; 1: something is
# not; 77: skipped, because this machine cannot run containers. The last line but for skips is `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

IMAGE=filex-server:verify
NODE_IMAGE=${NODE_IMAGE:-node:22-slim}
NAME=filex-verify-$$
VOLUME=$NAME-data
STATE=$NAME-state
WORK=$(mktemp -d)
passed=0
failed=0

skip() {
  echo "SKIPPED: $1"
  exit 77
}
check() { # check WHAT COMMAND…
  local what=$1
  shift
  if "$@" >"$WORK/out" 2>&1; then
    echo "ok      $what"
    passed=$((passed + 1))
  else
    echo "FAILED  $what"
    sed 's/^/        /' "$WORK/out" | tail -20
    failed=$((failed + 1))
  fi
}
is() { # is WANTED COMMAND…
  local wanted=$1 found
  shift
  found=$("$@" 2>&1)
  [ "$found" = "$wanted" ] || {
    printf 'wanted: %s\nfound:  %s\n' "$wanted" "$found"
    return 1
  }
}
exits() { # exits CODE COMMAND…
  local wanted=$1 code=0
  shift
  "$@" || code=$?
  [ "$code" -eq "$wanted" ] || {
    echo "exit $code, wanted $wanted"
    return 1
  }
}

# ---------------------------------------------------------------- what there is to work with

if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
  ENGINE=docker
elif command -v podman >/dev/null; then
  ENGINE=podman
else
  skip 'neither docker nor podman is here (on Debian: apt-get install podman)'
fi
[ -f packages/cli/dist/bin.js ] || skip 'filex-client is not built: npm run build'

# Inside a virtual machine or container podman may not be allowed to manage control groups or raise limits. It can do
# without, in a mount namespace of its own where it finds the plain second version of control groups and nothing to do.
if [ $ENGINE = podman ] && [ -z "${FILEX_VERIFY_NESTED:-}" ] && [ "$(id -u)" -eq 0 ] &&
  [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ]; then
  cat >"$WORK/containers.conf" <<CONF
[containers]
cgroups = "disabled"
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
  export CONTAINERS_CONF=$WORK/containers.conf FILEX_VERIFY_NESTED=1
  # shellcheck disable=SC2016
  exec unshare --mount sh -c 'umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup; exec bash "$0"' "$0"
fi

# podman tells at every step that there is no systemd for its timers; errors that matter show in exit codes.
engine() { $ENGINE "$@" 2> >(grep -v 'systemd' >&2); }

cleanup() {
  engine rm -f "$NAME" >/dev/null 2>&1
  engine volume rm -f "$VOLUME" "$STATE" >/dev/null 2>&1
  engine network rm -f "${NAME}_default" >/dev/null 2>&1
  rm -rf "$WORK"
}
trap cleanup EXIT

# Only for the image that stands in for a base that cannot be had: Debian, and the node and npm of this machine.
make_base() {
  command -v mmdebstrap >/dev/null || return 1
  local root=$WORK/base node npm
  node=$(readlink -f "${NODE_BINARY:-$(command -v node)}")
  npm=$(readlink -f "$(command -v npm)")
  npm=$(dirname "$(dirname "$npm")")
  # shellcheck source=/dev/null
  # The release of this machine, so that its node finds the libraries it was built for.
  mmdebstrap --quiet --variant=minbase "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" || return 1
  install -D "$node" "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -aL "$npm" "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
  tar c -C "$root" . | engine import --change "LABEL $STAND_IN=1" - "$NODE_IMAGE" >/dev/null
  rm -rf "$root"
}
STAND_IN=filex.stand-in

if ! engine image inspect "$NODE_IMAGE" >/dev/null 2>&1 && ! engine pull -q "$NODE_IMAGE" >/dev/null 2>&1; then
  make_base || skip "$NODE_IMAGE cannot be pulled, nor something like it be made (on Debian: apt-get install mmdebstrap)"
fi

if [ "$(engine image inspect --format "{{index .Config.Labels \"$STAND_IN\"}}" "$NODE_IMAGE")" = 1 ]; then
  echo "note: a Debian with the node of this machine stands in for $NODE_IMAGE, which cannot be pulled"
fi

# ---------------------------------------------------------------- build

build() {
  local options=(--build-arg "NODE_IMAGE=$NODE_IMAGE" -t "$IMAGE")
  if [ $ENGINE = podman ]; then
    # The format of OCI has no health check.
    options+=(--format docker --pull=never)
    [ -n "${FILEX_VERIFY_NESTED:-}" ] && options+=(--isolation chroot)
    # Where certificates of its own are needed to reach the registry, npm in the build needs them too.
    if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
      echo 'cafile=/run/extra-ca.pem' >"$WORK/npmrc"
      options+=(-v "$WORK/npmrc:/root/.npmrc:ro" -v "$NODE_EXTRA_CA_CERTS:/run/extra-ca.pem:ro")
    fi
  fi
  engine build "${options[@]}" .
}
build >"$WORK/build.log" 2>&1 || {
  tail -30 "$WORK/build.log"
  echo 'FAILED  the image can be built'
  echo "$passed passed, 1 failed"
  exit 1
}
echo 'ok      the image can be built'
passed=1

inspect() { engine image inspect --format "$1" "$IMAGE"; }
check 'the image says: not root' is 1000:1000 inspect '{{.Config.User}}'
check 'the image says: SIGTERM stops it' is SIGTERM inspect '{{.Config.StopSignal}}'
check 'the image says: port 12345' is 'map[12345/tcp:{}]' inspect '{{.Config.ExposedPorts}}'
check 'the image says: two volumes' is 'map[/data:{} /state:{}]' inspect '{{.Config.Volumes}}'
check 'the image says: no shell in between' is '[filex-server]' inspect '{{.Config.Entrypoint}}'
if [ $ENGINE = docker ]; then HEALTH='{{.Config.Healthcheck.Test}}'; else HEALTH='{{.HealthCheck.Test}}'; fi
check 'the image says: how it is' is '[CMD filex-server --healthcheck]' inspect "$HEALTH"
check 'no development dependency is in it' exits 1 \
  engine run --rm --entrypoint sh "$IMAGE" -c 'ls /app/node_modules | grep -E "^(typescript|vitest|turbo|esbuild|tsup)$"'

# ---------------------------------------------------------------- run

# podman would put memory over /tmp and others; docker does not.
strict=()
[ $ENGINE = podman ] && strict=(--read-only-tmpfs=false)

# As in compose.yaml.
start() {
  engine run -d --name "$NAME" --hostname filex --read-only "${strict[@]}" --cap-drop ALL \
    --security-opt no-new-privileges -p 127.0.0.1::12345 -v "$VOLUME:/data" -v "$STATE:/state" "$IMAGE" >/dev/null || return 1
  know engine logs "$NAME"
  PUBLISHED=$(engine port "$NAME" 12345/tcp | head -1)
  wait_for "$(url)" && return 0
  engine logs "$NAME"
  return 1
}
# know COMMAND…: waits until the log says who the server is, and takes that, and the passcode if it is told.
know() {
  local log said
  for _ in $(seq 50); do
    log=$("$@" 2>/dev/null)
    [[ $log == *Ctrl+C* ]] && break
    sleep 0.2
  done
  QUERY="?$(sed -n 's/.*filex:[^?]*?\(fp=sha256:[A-Za-z0-9_-]*\).*/\1/p' <<<"$log" | head -1)"
  said=$(sed -n 's/.*passcode:  *\([a-z0-9]*-[a-z0-9-]*\).*/\1/p' <<<"$log")
  PASSCODE=${said:-$PASSCODE}
}
PASSCODE=
url() { echo "filex://guest@$PUBLISHED/${1:-}$QUERY"; }
wait_for() { # wait_for URL
  for _ in $(seq 50); do
    client ls "$1" >/dev/null 2>&1 && return 0
    sleep 0.2
  done
  return 1
}
# Knows no server but by its fingerprint.
client() { HOME=$WORK/home FILEX_PASSCODE=$PASSCODE node packages/cli/dist/bin.js "$@"; }
inside() { engine exec "$NAME" "$@"; }
exit_code() { engine inspect --format '{{.State.ExitCode}}' "$NAME"; }
status() { inside sh -c "sed -n 's/^$1:[[:space:]]*//p' /proc/1/status"; }

head -c 5000000 /dev/urandom >"$WORK/file"
check 'it starts on a read-only root file system, without capabilities' start
check 'process 1 is the server itself' is "node /usr/local/bin/filex-server " inside sh -c "tr '\0' ' ' </proc/1/cmdline"
check 'it is not root' is '1000	1000	1000	1000' status Uid
check 'it has no capability' is 0000000000000000 status CapEff
check 'it can get none' is 1 status NoNewPrivs
check 'its root cannot be written to' exits 1 inside sh -c 'touch /app/x || touch /tmp/x || touch /x'
check 'a file can be put from outside' client put "$WORK/file" "$(url)"
check 'not with a wrong passcode' exits 7 env HOME="$WORK/home" FILEX_PASSCODE=wrong node packages/cli/dist/bin.js ls "$(url)"
check 'not as anybody' exits 7 client ls "$(url | sed 's/guest@//')"
check 'not in plaintext' exits 7 client ls "filex+tcp://$PUBLISHED/"
check 'what it keeps is private' is '1000:1000 700 /state
1000:1000 600 /state/cert.pem
1000:1000 600 /state/key.pem
1000:1000 600 /state/users.json' inside sh -c 'stat -c "%u:%g %a %n" /state /state/*'
check 'a user can be added while it runs' inside filex-server user add ann --generate
check 'it is in the volume, of that user' is '1000:1000 5000000' inside stat -c '%u:%g %s' /data/file
check 'it comes back the same' eval "client cat \"\$(url file)\" | cmp - \"$WORK/file\""
check 'health check: exit 0 when it is well' exits 0 inside filex-server --healthcheck
engine kill -s STOP "$NAME" >/dev/null
check 'health check: exit 1 when it hangs' exits 1 inside filex-server --healthcheck
engine kill -s CONT "$NAME" >/dev/null
check 'health check: exit 1 when there is no server' exits 1 engine run --rm "$IMAGE" --healthcheck
if [ $ENGINE = podman ]; then
  check 'health check: as the engine runs it' exits 0 engine healthcheck run "$NAME"
fi

# ---------------------------------------------------------------- stop

# How long things take is not ours to say: what is waited for is that the server has staged something.
under_way() {
  for _ in $(seq 100); do
    inside sh -c 'find /data/.filex -type f -size +0 | grep -q .' 2>/dev/null && return 0
    sleep 0.1
  done
  return 1
}
slowly() { # slowly SECONDS URL: an upload that takes so long
  (
    head -c 1000000 "$WORK/file"
    sleep "$1"
    tail -c +1000001 "$WORK/file"
  ) | client put -q - "$2"
}
slowly 6 "$(url slow)" >"$WORK/slow" 2>&1 &
slow=$!
check 'an upload is under way' under_way
check 'a stop waits for the upload that runs' engine stop -t 60 "$NAME"
check 'that upload ends well' wait "$slow"
check 'the server exits with 0' is 0 exit_code
engine rm "$NAME" >/dev/null
check 'a new container serves the same volume, known by the same key and passcode' start
check 'what was uploaded during the stop is there' eval "client cat \"\$(url slow)\" | cmp - \"$WORK/file\""

slowly 30 "$(url cut)" >"$WORK/cut" 2>&1 &
cut=$!
check 'another upload is under way' under_way
engine kill -s KILL "$NAME" >/dev/null
check 'after a kill the client says that the server is gone' exits 5 wait "$cut"
engine rm "$NAME" >/dev/null
check 'a new container starts after the kill' start
check 'no half file is to be seen' is "$(printf 'file\nslow')" inside ls /data
check 'nothing of it is left behind' exits 1 inside sh -c 'find /data/.filex -type f | grep .'

slowly 30 "$(url forced)" >"$WORK/forced" 2>&1 &
forced=$!
check 'a third upload is under way' under_way
engine kill -s TERM "$NAME" >/dev/null
for _ in $(seq 100); do
  engine logs "$NAME" 2>&1 | grep -q stopping && break
  sleep 0.1
done
engine kill -s TERM "$NAME" >/dev/null
engine wait "$NAME" >/dev/null
check 'a second SIGTERM ends it at once, exit 143' is 143 exit_code
wait "$forced"
engine rm "$NAME" >/dev/null

# ---------------------------------------------------------------- compose

if docker compose version >/dev/null 2>&1; then
  COMPOSE='docker compose'
elif command -v podman-compose >/dev/null; then
  COMPOSE=podman-compose
fi
compose() { FILEX_IMAGE=$IMAGE FILEX_PUBLISH=127.0.0.1:$PORT $COMPOSE -f compose.yaml -p "$NAME" "$@"; }
compose_works() {
  compose up -d --no-build || return 1
  know compose logs filex
  PUBLISHED=127.0.0.1:$PORT
  wait_for "$(url)" && client put "$WORK/file" "$(url)"
}
if [ -n "${COMPOSE:-}" ]; then
  PORT=$(node -e 's = net.createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
  check 'compose.yaml starts a server that takes a file' compose_works
  check 'compose.yaml stops it' compose down -v
else
  echo 'note: compose.yaml was not tried: neither docker compose nor podman-compose is here'
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
