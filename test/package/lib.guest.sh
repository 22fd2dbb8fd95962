# Sourced by the checks that run in the virtual machine: results as lines of TAP.
number=0
failed=0

# is NAME ACTUAL EXPECTED: EXPECTED is a shell pattern.
is() {
  number=$((number + 1))
  case $2 in
    $3) echo "ok $number - $1" ;;
    *)
      echo "not ok $number - $1"
      printf '%s\n' "$2" | sed 's/^/#   it is: /'
      echo "#   expected: $3"
      failed=1
      ;;
  esac
}

# until SECONDS COMMAND…: waits until the command succeeds.
until_ok() {
  tries=$(($1 * 10))
  shift
  while ! "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.1
  done
}

# end UNIT…: the end of the results; after a failure with what the units have logged.
end() {
  echo "1..$number"
  [ $failed = 0 ] || journalctl --no-pager $(printf ' --unit %s' "$@") $(printf ' --user-unit %s' "$@") 2>&1 | tail -n 60
  exit $failed
}
