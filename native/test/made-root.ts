import { execFileSync } from 'node:child_process';

/** A root with what programs leave there: capabilities, set-user-ID, links, devices, owners, odd names and times. */
export function makeRoot(root: string): void {
  const script = `
    mkdir -p ${root}; cd ${root}
    mkdir -p bin usr/lib var/tmp 'a folder/ünï' deep/$(printf 'd%.0s/' $(seq 60))
    cp /bin/busybox bin/busybox; for name in sh ls cat; do ln bin/busybox bin/$name; done
    ln -s usr/lib lib; ln -s /nowhere dangling; echo x >usr/lib/libx
    chmod 1777 var/tmp; cp bin/busybox bin/su; chown 5:6 bin/su; chmod 6755 bin/su; setcap cap_net_raw+ep bin/su
    setfattr -n user.test -v value usr/lib/libx; setfattr -n user.test -v value usr/lib
    mknod null c 1 3; mknod disk b 7 0; mkfifo pipe; chmod 0 pipe
    echo y >"$(printf 'n%.0s' $(seq 255))"; echo z >'new
line'; : >empty; truncate -s 3M hole; echo end >>hole
    chown -h 3000000:4000000 dangling; chown 65534:100 empty; chmod 0 empty
    touch -h -d @1 dangling; touch -d @1234567890 usr/lib; touch -d '1999-12-31 UTC' empty
    find . -exec touch -h -d @1700000000 {} + `;
  execFileSync('sh', ['-ec', script], { stdio: ['ignore', 'ignore', 'inherit'] });
}
