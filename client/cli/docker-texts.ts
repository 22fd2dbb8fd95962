// What to do instead of Docker's features that Liker does not have yet; used by its commands and its flags.

export const noImages =
  "root file systems are directories; make one with 'likerctl rootfs build', debootstrap or 'docker export' (docs/rootfs.md)";
export const noVolumeDrivers =
  'volumes are folders of this machine (driver local); mount other storage on the host, and bind it with -v /DIR:/TARGET';
