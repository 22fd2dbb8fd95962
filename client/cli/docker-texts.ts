// What to do without the features of Docker that Liker does not have yet: for its commands and for its flags.

export const noImages =
  "root file systems are directories; make one with 'likerctl rootfs build', debootstrap or 'docker export' (docs/rootfs.md)";
export const noNetworks =
  'there are no bridge networks; a container has a loopback interface only, or shares a network: --network host, container:NAME or ns:/PATH';
export const noVolumes = 'there are no volumes; mount a directory with -v /DIR:/TARGET';
