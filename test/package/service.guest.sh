# Runs in the virtual machine, under systemd: the package as a service. Prints each result as a line of TAP. /mnt/lib.sh has the
# functions, /mnt/first.deb and second.deb the packages.
. /mnt/lib.sh
property() { systemctl show --property "$2" --value "$1"; }
daemon() { property likerd.service MainPID; }
is_new() { [ "$(daemon)" != "$1" ] && [ "$(daemon)" != 0 ] && likerctl ps; }
running() { likerctl inspect --format '{{.State.Pid}}' counter; }
group() { echo /sys/fs/cgroup/liker.slice/liker-containers.service/liker-*/"$1"; }

before=$(ls /etc/systemd/system /etc/systemd/system/*.wants /run /var/lib /var/cache /var/lib/systemd; cat /etc/group)

# ---- installed -----------------------------------------------------------------------------------------------------
dpkg -i /mnt/first.deb >/tmp/dpkg.log 2>&1
is 'installs' "$? $(cat /tmp/dpkg.log)" '0 *Setting up liker*'
is 'systemd has nothing to say against the units' "$(systemd-analyze verify likerd.service likerd.socket liker-containers.service 2>&1 | grep -v "Command 'man")" ''
is 'the socket listens, with the rights of the group liker' \
  "$(property likerd.socket ActiveState) $(stat -c '%a %U:%G' /run/liker/liker.sock)" 'active 660 root:liker'
is 'the daemon does not run yet' "$(property likerd.service ActiveState)" inactive

# ---- started by its socket -----------------------------------------------------------------------------------------
is 'the first client starts the daemon' "$(likerctl ps -q && property likerd.service ActiveState)" active
is 'it has said that it is ready, and what it does' "$(property likerd.service StatusText)" 'Serving at /run/liker/liker.sock'
is 'the kernel spares it when memory ends' "$(cat "/proc/$(daemon)/oom_score_adj")" -500
is 'its socket is that of systemd' "$(stat -c '%a %U:%G' /run/liker/liker.sock)" '660 root:liker'
is 'there is the socket of Docker, with the same rights' "$(stat -c '%a %U:%G' /run/liker/docker.sock)" '660 root:liker'

# ---- limits below the delegated group ------------------------------------------------------------------------------
likerctl rootfs build /var/lib/tour >/dev/null 2>&1
id=$(likerctl run -d --name counter --memory 64m --pids-limit 50 --cpus 0.5 /var/lib/tour sh -c 'while sleep 0.2; do echo x; done')
is 'the limits are set below the delegated group' \
  "$(cd "$(group "$id")" && cat memory.max pids.max cpu.max | tr '\n' ' ')" '67108864 50 50000 100000 '
is 'the process is in that group' "$(cat "/proc/$(running)/cgroup")" "0::/liker.slice/liker-containers.service/liker-*/$id*"
likerctl run --rm --memory 32m /var/lib/tour sh -c 'tail /dev/zero' >/dev/null 2>&1
is 'a limit of memory holds' $? 137
is 'the daemon outlives that' "$(property likerd.service ActiveState) $(property likerd.service NRestarts)" 'active 0'
is 'a limit of processes holds' \
  "$(likerctl run --rm --pids-limit 5 /var/lib/tour sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 5 & done' 2>&1)" '*[Ff]ork*'

# ---- restarts ------------------------------------------------------------------------------------------------------
mkfifo /tmp/keys
likerctl run -i --rm --name shell /var/lib/tour bash </tmp/keys >/tmp/shell.out 2>&1 &
shell=$!
exec 3>/tmp/keys
echo 'mine=kept; echo "begun $$"' >&3
until_ok 20 grep -q begun /tmp/shell.out || { journalctl --no-pager --unit likerd.service | tail -n 40; exit 1; }
pid=$(running)
old=$(daemon)
systemctl restart likerd.service
is 'the service restarts beside running containers' "$? $(property likerd.service ActiveState)" '0 active'
is 'it is another daemon' "$([ "$(daemon)" != "$old" ] && echo other)" other
is 'the container has not noticed' "$(running) $(likerctl inspect --format '{{.State.Status}}' counter)" "$pid running"
echo 'echo "after a restart: $mine"' >&3
until_ok 20 grep -q 'after a restart: kept' /tmp/shell.out
is 'the shell goes on' "$(cat /tmp/shell.out)" '*after a restart: kept*'

old=$(daemon)
kill -9 "$old"
until_ok 30 is_new "$old"
is 'a daemon that was killed is started again' "$(property likerd.service ActiveState) $(property likerd.service NRestarts)" 'active 1'
is 'the container has not noticed that either' "$(running)" "$pid"

mkdir -p /run/systemd/system/likerd.service.d
printf '[Service]\nWatchdogSec=3\nTimeoutAbortSec=1\n' >/run/systemd/system/likerd.service.d/quick.conf
systemctl daemon-reload
systemctl restart likerd.service
old=$(daemon)
sleep 7
is 'the watchdog leaves a daemon alone that works' "$(daemon)" "$old"
kill -STOP "$old"
until_ok 60 is_new "$old"
is 'the watchdog ends a daemon that hangs, and another takes over' "$(property likerd.service ActiveState)" active
is 'a reload of systemd and the watchdog leave the limits alone' "$(cat "$(group "$id")/memory.max") $(running)" "67108864 $pid"
is 'and the devices (T47)' "$(likerctl exec counter sh -c ': </dev/zero && echo open')" open
rm -r /run/systemd/system/likerd.service.d
systemctl daemon-reload

# A temporary cause: another daemon has the folders. The socket is stopped as well, since the waiting shell would start the
# service again at once.
systemctl stop likerd.socket likerd.service
likerd --socket /run/other.sock >/tmp/other.log 2>&1 &
other=$!
until_ok 30 likerctl --host unix:///run/other.sock version
systemctl start likerd.socket
systemctl start --no-block likerd.service
until_ok 120 sh -c '[ "$(systemctl show --property NRestarts --value likerd.service)" -ge 2 ]'
is 'a daemon that cannot start is tried again, without end, and its socket stays' \
  "$(property likerd.service StartLimitIntervalUSec) $(property likerd.socket ActiveState)" '0 active'
kill $other
wait $other
until_ok 30 is_new 0
is 'it starts as soon as it can' "$(property likerd.service ActiveState) $(running)" "active $pid"

# ---- upgraded ------------------------------------------------------------------------------------------------------
old=$(daemon)
dpkg -i /mnt/second.deb >/tmp/dpkg.log 2>&1
is 'upgrades' "$? $(likerctl version --format '{{.Server.Version}}')" '0 0.1.1~next'
is 'the upgrade has replaced the daemon' "$([ "$(daemon)" != "$old" ] && echo other)" other
is 'the container goes on' "$(running)" "$pid"
echo 'echo "after an upgrade: $mine"; exit 4' >&3
exec 3>&-
wait $shell
is 'the shell that was attached all the time goes on, and ends as it likes' "$? $(cat /tmp/shell.out)" '4 *after an upgrade: kept*'

# ---- ended ---------------------------------------------------------------------------------------------------------
systemctl stop liker-containers.service
is 'containers end with their unit' "$([ -d "/proc/$pid" ] || echo ended)" ended
is 'they are known to have ended' "$(likerctl ps -a --format '{{.Names}} {{.Status}}')" 'counter Exited*'
likerctl start counter >/dev/null
is 'all works again after that' "$(likerctl ps --format '{{.Names}}')" counter

# ---- removed, whatever the state of its units ----------------------------------------------------------------------
pid=$(running)
systemctl stop likerd.socket likerd.service
is 'without its socket: what starts it' "$(likerctl ps 2>&1)" "*no daemon is listening there; start it with 'systemctl start likerd.socket'"
is "'liker' lets systemd start it" "$(liker /var/lib/tour true >/dev/null 2>&1; echo $? "$(property likerd.service ActiveState)")" '0 active'
systemctl stop likerd.socket likerd.service
systemctl mask likerd.socket likerd.service >/dev/null 2>&1
# The package must ignore the caller's settings.
LIKER_ROOT=/tmp/mine LIKER_RUN=/tmp/mine LIKER_HOST=unix:///tmp/mine/liker.sock dpkg -r liker >/tmp/dpkg.log 2>&1
is 'is removed though its units are masked and stopped' "$? $(cat /tmp/dpkg.log)" '0 *'
is 'no process of it is left' "$(cat /proc/[0-9]*/comm | grep liker; ls -d "/proc/$pid" /tmp/mine 2>/dev/null)" ''
systemctl unmask likerd.socket likerd.service >/dev/null 2>&1
dpkg -i /mnt/second.deb >/tmp/dpkg.log 2>&1
is 'installed again it knows its containers' "$? $(likerctl ps -a --format '{{.Names}} {{.Status}}')" '0 counter Exited*'
likerctl start counter >/dev/null

rm -r /var/lib/tour
dpkg -P liker >/tmp/dpkg.log 2>&1
is 'is purged' "$? $(cat /tmp/dpkg.log)" '0 *'
is 'no process is left' "$(cat /proc/[0-9]*/comm | grep liker)" ''
is 'no unit is left' "$(systemctl list-units --all --no-legend --plain 'liker*.s[eo]*')" ''
until_ok 10 sh -c '! ls -d /sys/fs/cgroup/liker*'
is 'no group is left' "$(ls -d /sys/fs/cgroup/liker* /sys/fs/cgroup/*/liker* 2>/dev/null)" ''
after=$(ls /etc/systemd/system /etc/systemd/system/*.wants /run /var/lib /var/cache /var/lib/systemd; cat /etc/group)
is 'no trace is left' "$([ "$before" = "$after" ] || printf '%s\n---\n%s' "$before" "$after")" ''
end likerd.service likerd.socket liker-containers.service
