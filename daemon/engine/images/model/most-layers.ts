/** OVL_MAX_STACK of the kernel's fs/overlayfs. */
export const mostLayers = 500;
