import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { test } from 'node:test';
import { LikerError } from '../../common/errors.ts';
import { parseMount, parseTmpfs, parseVolume } from './mounts.ts';

const volume = {
  type: 'TYPE_BIND',
  readOnly: false,
  propagation: '',
  nonRecursive: false,
  createSource: true,
  overlay: false,
  idmap: '',
};

const named = { type: 'TYPE_VOLUME', readOnly: false, noCopy: false, overlay: false };
const image = { type: 'TYPE_IMAGE', source: 'debian', target: '/b', overlay: false, subpath: '' };

const volumes: readonly (readonly [string, object])[] = [
  ['/a:/b', { ...volume, source: '/a', target: '/b' }],
  ['/a:/b:ro', { ...volume, source: '/a', target: '/b', readOnly: true }],
  ['/a:/b:rw,rslave,z', { ...volume, source: '/a', target: '/b', propagation: 'rslave' }],
  ['/a:/b:noidmap', { ...volume, source: '/a', target: '/b', idmap: 'none' }],
  ['/a:/b:idmap', { ...volume, source: '/a', target: '/b', idmap: 'container' }],
  [
    '/a:/b:ro,idmap=@uids=5-0-1#6-1-1;gids=5-0-1',
    { ...volume, source: '/a', target: '/b', readOnly: true, idmap: '@uids=5-0-1#6-1-1;gids=5-0-1' },
  ],
  ['/a:/b:O', { ...volume, source: '/a', target: '/b', createSource: false, overlay: true }],
  ['data:/b:O', { ...named, source: 'data', target: '/b', overlay: true }],
  ['./x:/b', { ...volume, source: `${process.cwd()}/x`, target: '/b' }],
  ['~/x:/b', { ...volume, source: `${homedir()}/x`, target: '/b' }],
  ['.:/b', { ...volume, source: process.cwd(), target: '/b' }],
  ['/v', { ...named, source: '', target: '/v' }],
  ['data:/b', { ...named, source: 'data', target: '/b' }],
  ['data:/b:ro,nocopy,z', { ...named, source: 'data', target: '/b', readOnly: true, noCopy: true }],
];
for (const [text, expected] of volumes) {
  test(`-v ${text} is parsed`, () => assert.deepEqual(parseVolume(text), expected));
}

const bind = {
  type: 'TYPE_BIND',
  readOnly: false,
  readOnlyNonRecursive: false,
  propagation: '',
  nonRecursive: false,
  createSource: false,
  overlay: false,
  idmap: '',
};

const mounts: readonly (readonly [string, object])[] = [
  ['type=bind,source=/a,target=/b', { ...bind, source: '/a', target: '/b' }],
  ['type=bind,src=/a,dst=/b,readonly', { ...bind, source: '/a', target: '/b', readOnly: true }],
  ['type=bind,src=/a,destination=/b,ro=false', { ...bind, source: '/a', target: '/b' }],
  ['type=bind,"source=/a,b",target=/b', { ...bind, source: '/a,b', target: '/b' }],
  [
    'type=bind,src=/a,dst=/b,bind-propagation=rshared',
    { ...bind, source: '/a', target: '/b', propagation: 'rshared' },
  ],
  [
    'type=bind,src=/a,dst=/b,bind-recursive=disabled',
    { ...bind, source: '/a', target: '/b', nonRecursive: true },
  ],
  ['type=bind,src=/a,dst=/b,bind-recursive=enabled', { ...bind, source: '/a', target: '/b' }],
  [
    'type=bind,src=/a,dst=/b,ro,bind-recursive=readonly',
    { ...bind, source: '/a', target: '/b', readOnly: true },
  ],
  [
    'type=bind,src=/a,dst=/b,ro,bind-recursive=writable',
    { ...bind, source: '/a', target: '/b', readOnly: true, readOnlyNonRecursive: true },
  ],
  ['type=bind,src=/a,dst=/b,idmap', { ...bind, source: '/a', target: '/b', idmap: 'container' }],
  ['type=bind,src=/a,dst=/b,idmap=none', { ...bind, source: '/a', target: '/b', idmap: 'none' }],
  [
    'type=bind,src=/a,dst=/b,idmap=uids=5-0-1;gids=5-0-1',
    { ...bind, source: '/a', target: '/b', idmap: 'uids=5-0-1;gids=5-0-1' },
  ],
  ['type=bind,src=/a,dst=/b,consistency=cached', { ...bind, source: '/a', target: '/b' }],
  ['type=bind,src=/a,dst=/b,bind-nonrecursive', { ...bind, source: '/a', target: '/b', nonRecursive: true }],
  [
    'type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1770',
    { type: 'TYPE_TMPFS', target: '/t', readOnly: false, options: ['size=67108864', 'mode=1770'] },
  ],
  ['target=/b', { ...named, source: '', target: '/b', subpath: '' }],
  [
    'source=data,target=/b,volume-subpath=a/b,volume-nocopy,ro',
    { ...named, source: 'data', target: '/b', subpath: 'a/b', noCopy: true, readOnly: true },
  ],
  ['type=bind,src=/a,dst=/b,overlay', { ...bind, source: '/a', target: '/b', overlay: true }],
  ['src=data,dst=/b,overlay', { ...named, source: 'data', target: '/b', subpath: '', overlay: true }],
  ['type=image,src=debian,dst=/b', image],
  ['type=image,src=debian,dst=/b,readonly', image],
  ['type=image,src=debian,dst=/b,image-subpath=usr/share', { ...image, subpath: 'usr/share' }],
  [
    'type=image,src=debian,dst=/b,subpath=usr/share,rw=true',
    { ...image, subpath: 'usr/share', overlay: true },
  ],
];
for (const [text, expected] of mounts) {
  test(`--mount ${text} is parsed`, () => assert.deepEqual(parseMount(text), expected));
}

test('--tmpfs passes its options on', () => {
  assert.deepEqual(parseTmpfs('/t:ro,size=1m,noexec'), {
    type: 'TYPE_TMPFS',
    target: '/t',
    readOnly: true,
    options: ['size=1m', 'noexec'],
  });
});

const refused: readonly (readonly [(text: string) => unknown, string, RegExp])[] = [
  [parseVolume, '/a:b', /'b' is not an absolute path/],
  [parseVolume, '/a:/b:quick', /unknown option 'quick'; known are ro, rw, .*rslave/],
  [parseVolume, '/a:/b:ro,rw', /'ro' and 'rw' exclude each other/],
  [parseVolume, '/a:/b:shared,z,rslave', /'shared' and 'rslave' exclude each other/],
  [parseVolume, '/a:/b:ro:x', /too many colons/],
  [parseVolume, '/a:/b:idmap=none,noidmap', /'idmap' and 'noidmap' exclude each other/],
  [parseVolume, '/a:/b:ro,O', /'ro' and 'O' exclude each other/],
  [parseMount, 'type=image,target=/b', /source is missing/],
  [parseMount, 'type=image,src=a,target=/b,ro,rw', /readonly and rw exclude each other/],
  [parseMount, 'type=image,src=a,target=/b,subpath=c,image-subpath=d', /are the same/],
  [parseMount, 'type=tmpfs,target=/b,overlay', /unknown key 'overlay' for type=tmpfs/],
  [parseMount, 'type=tmpfs,target=/b,idmap=none', /unknown key 'idmap' for type=tmpfs/],
  [parseTmpfs, 'tmp', /not an absolute path/],
  [parseMount, 'type=bind,source=/a', /target is missing/],
  [parseMount, 'type=bind,target=/b', /source is missing/],
  [parseMount, 'source=/a,target=/b', /'\/a' is a path.*use type=bind/],
  [parseMount, 'type=npipe,source=a,target=/b', /type=npipe is not supported; use bind, tmpfs, volume/],
  [parseMount, 'source=a,target=/b,volume-driver=nfs', /use local/],
  [parseVolume, 'data:/b:idmap', /unknown option 'idmap'/],
  [parseVolume, 'data', /not an absolute path/],
  [
    parseMount,
    'type=tmpfs,target=/b,source=/a',
    /unknown key 'source' for type=tmpfs; known are .*tmpfs-size/,
  ],
  [
    parseMount,
    'type=bind,source=/a,target=/b,bind-recursive=nonsense',
    /use enabled, disabled, writable, readonly/,
  ],
  [parseMount, 'type=bind,source=/a,target=/b,bind-recursive=readonly', /needs a read-only mount/],
  [parseMount, 'type=bind,source=/a,target=/b,bind-recursive=writable', /needs a read-only mount/],
  [
    parseMount,
    'type=bind,source=/a,target=/b,ro,bind-recursive=readonly,bind-propagation=shared',
    /needs bind-propagation=rprivate/,
  ],
  [
    parseMount,
    'type=bind,source=/a,target=/b,bind-nonrecursive,bind-recursive=enabled',
    /exclude each other/,
  ],
  [parseMount, 'type=bind,source=/a,target=/b,consistency=nonsense', /use consistent, cached/],
  [parseMount, 'type=bind,source=/a,target=/b,dst=/c', /'target' is given twice/],
  [parseMount, 'type=bind,source=/a,target=/b,bind-propagation=sideways', /use private, rprivate/],
  [parseMount, 'type=tmpfs,target=/b,tmpfs-mode=9', /octal/],
  [parseMount, 'type=bind,source=/a,target=/b,readonly=maybe', /readonly must be true or false/],
  [parseMount, 'type=bind,"source=/a', /quote is not closed/],
];
for (const [parse, text, why] of refused) {
  test(`${text} is refused`, () => {
    assert.throws(
      () => parse(text),
      (error) => error instanceof LikerError && why.test(error.message),
    );
  });
}
