// SPDX-License-Identifier: LGPL-2.1-or-later

// A WebSocket server with npm's ws, for the integration tests. It echoes, but for some paths below. Each line of
// standard output is a JSON object that says what happened: {"listening": PORT}, {"opened": TARGET, "headers":
// {…}}, {"closed": CODE, "reason": TEXT}. It ends with its standard input.
//
// Run: node echo-server.js [OPTIONS], a JSON object of options for ws's WebSocketServer.

"use strict";

const { WebSocketServer } = require("ws");

const say = (line) => console.log(JSON.stringify(line));

// What a connection to such a path meets in place of an echo.
const others = {
    "/closes": (socket) => socket.close(4001, "from ws"),
    "/drops": (socket) => socket.terminate(),
    "/fragments": (socket) => {
        socket.send("one ", { fin: false });
        socket.ping("are you there");
        socket.send("two ", { fin: false });
        socket.send("three");
    },
};

const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    maxPayload: 64 * 1024 * 1024,
    ...JSON.parse(process.argv[2] ?? "{}"),
});

server.on("listening", () => say({ listening: server.address().port }));
server.on("connection", (socket, request) => {
    say({ opened: request.url, headers: request.headers });
    socket.on("close", (code, reason) => say({ closed: code, reason: reason.toString() }));
    socket.on("error", (error) => say({ error: error.message }));
    socket.on("pong", (data) => say({ pong: data.toString() }));
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    others[request.url]?.(socket);
});

process.stdin.on("end", () => process.exit(0)).resume();
