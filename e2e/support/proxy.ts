import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';

/**
 * The way to this machine from another of its loopback addresses, for a browser, which cannot choose its address itself. It only joins
 * connections (RFC 9110 §9.3.6): TLS is between the browser and Temps.
 */
export class Proxy {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async from(localAddress: string): Promise<Proxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new Proxy(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connect', (request, near: Socket) => {
      const port = Number(request.url?.split(':').at(-1));
      const far = connect({ host: '127.0.0.1', port, localAddress });
      proxy.keep(near);
      proxy.keep(far);
      far.once('connect', () => {
        near.write('HTTP/1.1 200 Connected\r\n\r\n');
        near.pipe(far).pipe(near);
      });
      far.on('error', () => near.destroy());
      near.on('error', () => far.destroy());
    });
    return proxy;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }
}
