# Runs in the virtual machine, under systemd: the package for an ordinary user. Prints each result as a line of TAP. /mnt/lib.sh has
# the functions, /mnt/first.deb the package.
. /mnt/lib.sh
home=/var/lib/ann
useradd --create-home --home-dir $home --shell /bin/sh ann
uid=$(id -u ann)
as_user() {
  setpriv --reuid ann --regid ann --init-groups env -i -C $home \
    HOME=$home USER=ann PATH=/usr/bin:/bin XDG_RUNTIME_DIR=/run/user/"$uid" "$@"
}
property() { as_user systemctl --user show --property "$2" --value "$1"; }
daemon() { property likerd.service MainPID; }
is_new() { [ "$(daemon)" != "$1" ] && [ "$(daemon)" != 0 ] && as_user likerctl ps; }
running() { as_user likerctl inspect --format '{{.State.Pid}}' counter; }

dpkg -i /mnt/first.deb >/tmp/dpkg.log 2>&1
is 'installs' "$? $(cat /tmp/dpkg.log)" '0 *Setting up liker*'
loginctl enable-linger ann
until_ok 60 as_user systemctl --user is-system-running
is 'systemd has nothing to say against the units' \
  "$(as_user systemd-analyze --user verify /usr/lib/systemd/user/likerd.service /usr/lib/systemd/user/liker-containers.service 2>&1 | grep -v "Command 'man")" ''
is 'who is not in the group liker is told how to start his own' "$(as_user likerctl ps 2>&1)" \
  "*unix:///run/user/$uid/liker/liker.sock: no daemon is listening there; start it with 'systemctl --user start likerd'; root's likerd is at unix:///run/liker/liker.sock: only root and members of its group may use it"

as_user systemctl --user enable --now likerd >/tmp/enable.log 2>&1
is 'the user starts a likerd of his own' "$? $(property likerd.service ActiveState) $(property likerd.service StatusText)" \
  "0 active Serving at /run/user/$uid/liker/liker.sock"
is 'it is the user himself' "$(stat -c %U "/proc/$(daemon)") $(stat -c '%a %U' /run/user/"$uid"/liker/liker.sock)" 'ann 600 ann'
as_user likerctl rootfs build $home/tour >/dev/null 2>&1
id=$(as_user likerctl run -d --name counter --memory 64m --pids-limit 50 $home/tour sh -c 'while sleep 0.2; do echo x; done' 2>/tmp/run.log)
group=/sys/fs/cgroup/user.slice/user-$uid.slice/user@$uid.service/liker.slice/liker-containers.service
is 'the limits are set below the delegated group' \
  "$(cat /tmp/run.log; cd $group/liker-*/"$id" && cat memory.max pids.max | tr '\n' ' ')" '67108864 50 '
as_user likerctl run --rm --memory 32m $home/tour sh -c 'tail /dev/zero' >/dev/null 2>&1
is 'a limit of memory holds' $? 137
is 'without its controller, a limit is refused, with what gives it to users' \
  "$(as_user likerctl run --rm --cpuset-cpus 0 $home/tour true 2>&1)" '*systemctl edit user@.service*'

pid=$(running)
old=$(daemon)
as_user systemctl --user restart likerd.service
is 'the service restarts beside running containers' "$? $(property likerd.service ActiveState)" '0 active'
is 'it is another daemon, and the container has not noticed' \
  "$([ "$(daemon)" != "$old" ] && echo other) $(running) $(as_user likerctl inspect --format '{{.State.Status}}' counter)" "other $pid running"
old=$(daemon)
kill -9 "$old"
until_ok 30 is_new "$old"
is 'a daemon that was killed is started again' "$(property likerd.service ActiveState) $(property likerd.service NRestarts)" 'active 1'
is 'and runs things in the container' "$(as_user likerctl exec counter id -u) $(running)" "0 $pid"

as_user systemctl --user stop likerd.service
is "'liker' lets systemd start it" \
  "$(as_user liker $home/tour true >/dev/null 2>&1; echo $? "$(property likerd.service ActiveState)")" '0 active'
as_user systemctl --user stop liker-containers.service
is 'containers end with their unit' "$([ -d "/proc/$pid" ] || echo ended)" ended
until_ok 30 as_user systemctl --user start likerd.service
is 'they are known to have ended' "$(as_user likerctl ps -a --format '{{.Names}} {{.Status}}')" 'counter Exited*'
as_user likerctl start counter >/dev/null
is 'all works again after that' "$(as_user likerctl ps --format '{{.Names}}')" counter
likerctl run --rm $home/tour true
is "root's likerd is another" "$? $(likerctl ps -a --format '{{.Names}}')" '0 '

pid=$(running)
dpkg -P liker >/tmp/dpkg.log 2>&1
is 'the package can be purged, and the container of the user goes on' \
  "$? $(grep -qx "$pid" $group/liker-*/"$id"/cgroup.procs && kill -0 "$pid" && echo runs)" '0 runs'
end likerd.service
