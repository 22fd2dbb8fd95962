// The part of grpc-js that a client on a Unix socket needs. Its index also loads the server, name resolution and all load
// balancers, which would take a fifth of likerctl's start-up time.
// This import comes first: the modules import each other in circles and load only from here, as in the index.
import '@grpc/grpc-js/build/src/channel.js';

import { setup as setUpPickFirst } from '@grpc/grpc-js/build/src/load-balancer-pick-first.js';
import { setup as setUpUnixSockets } from '@grpc/grpc-js/build/src/resolver-uds.js';

export { ChannelCredentials } from '@grpc/grpc-js/build/src/channel-credentials.js';
export { Client } from '@grpc/grpc-js/build/src/client.js';
export { Metadata } from '@grpc/grpc-js/build/src/metadata.js';

setUpUnixSockets();
setUpPickFirst();
