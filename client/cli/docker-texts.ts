// What to do instead of Docker's features that Liker does not have yet; used by its commands and its flags.

export const noImages =
  "root file systems are directories; make one with 'likerctl rootfs build', debootstrap or 'docker export' (docs/rootfs.md)";
export const noNetworks =
  'there are no bridge networks; a container has only a loopback interface, or shares a network with --network host, container:NAME or ns:/PATH';
export const noVolumes = 'there are no volumes; mount a directory with -v /DIR:/TARGET';
