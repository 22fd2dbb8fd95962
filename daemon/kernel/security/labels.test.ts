import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { hasReason } from '../../../common/errors.ts';
import { execLabel } from './labels.ts';

/** A folder with these files, as `execLabel` takes the host's root. */
function host(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'lk-host-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return `${folder}/`;
}

const none = { apparmorProfile: '', selinuxLabel: [] };
const enabled = { 'sys/module/apparmor/parameters/enabled': 'Y\n' };
const web = { ...none, apparmorProfile: 'web site' };

test('without a profile or a label nothing is written, and nothing is asked of the kernel', () => {
  assert.equal(execLabel(none, '/nowhere/'), null);
});

test('a profile of AppArmor goes to the file of that module, or of old kernels', (t) => {
  assert.deepEqual(execLabel(web, host(t, enabled)), { attribute: 'exec', value: 'exec web site' });
  const newer = { ...enabled, 'proc/self/attr/apparmor/exec': '' };
  assert.deepEqual(execLabel(web, host(t, newer)), { attribute: 'apparmor/exec', value: 'exec web site' });
  const loaded = {
    ...enabled,
    'sys/kernel/security/apparmor/profiles': 'web site (enforce)\nother (complain)\n',
  };
  assert.equal(execLabel(web, host(t, loaded))?.value, 'exec web site');
});

test('a profile that is not loaded, and a kernel without AppArmor', (t) => {
  const others = { ...enabled, 'sys/kernel/security/apparmor/profiles': 'website (enforce)\n' };
  assert.throws(
    () => execLabel(web, host(t, others)),
    (error) =>
      hasReason(error, 'BAD_ARGUMENT') && /'web site': no such profile is loaded/.test(error.message),
  );
  for (const files of [{}, { 'sys/module/apparmor/parameters/enabled': 'N\n' }])
    assert.throws(
      () => execLabel(web, host(t, files)),
      (error) => hasReason(error, 'SECURITY_MISSING') && /AppArmor is not enabled/.test(error.message),
    );
});

test("a label of SELinux is the policy's for containers, with the given parts", (t) => {
  const files = {
    'sys/fs/selinux/enforce': '1',
    'etc/selinux/config': '# mode\nSELINUX=enforcing\nSELINUXTYPE=targeted\n',
    'etc/selinux/targeted/contexts/lxc_contexts':
      'process = "system_u:system_r:container_t:s0"\ncontent = "system_u:object_r:x_t:s0"\n',
  };
  const label = (...selinuxLabel: string[]) => execLabel({ ...none, selinuxLabel }, host(t, files));
  assert.deepEqual(label('type:web_t'), { attribute: 'exec', value: 'system_u:system_r:web_t:s0' });
  assert.equal(
    label('level:s0:c1,c2', 'user:staff_u', 'role:staff_r')?.value,
    'staff_u:staff_r:container_t:s0:c1,c2',
  );
  const asked = { ...none, selinuxLabel: ['type:web_t'] };
  for (const missing of ['sys/fs/selinux/enforce', 'etc/selinux/targeted/contexts/lxc_contexts']) {
    const rest = Object.fromEntries(Object.entries(files).filter(([path]) => path !== missing));
    assert.throws(
      () => execLabel(asked, host(t, rest)),
      (error) => hasReason(error, 'SECURITY_MISSING') && error.message.includes("SELinux label 'type:web_t'"),
    );
  }
});
