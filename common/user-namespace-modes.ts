/** What --userns and the field of a spec take, as errors list it. */
export const userNamespaceModes =
  'auto, host, keep-id, container:NAME or uids=INSIDE-OUTSIDE-COUNT[#…];gids=…';
