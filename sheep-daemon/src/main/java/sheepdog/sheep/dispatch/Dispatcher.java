package sheepdog.sheep.dispatch;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import sheepdog.membership.runtime.Loop;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.runtime.ConnectionInfo;
import sheepdog.sheep.runtime.RequestSink;

/**
 * Admits a request, or answers it. The order of the checks is protocol, for a client sees which came first: version,
 * opcode, state of the cluster; what belongs to the operation comes after.
 *
 * <p>A request that waits holds its payload and nothing else, and is admitted again from the start. A connection that
 * closes lets what has begun finish and drops its answer. Loop-owned.
 */
public final class Dispatcher implements RequestSink {
    private final Loop loop;
    private final Operations operations;
    private final Gatekeeper gatekeeper;
    private final Function<PeerRequest.Hello, Response> hello;
    private final Function<PeerRequest, CompletionStage<Response>> peer;
    private final Observer observer;
    private final List<Waiting> waiting = new ArrayList<>();
    private final List<Runnable> whenIdle = new ArrayList<>();
    private final List<Runnable> whenClientsIdle = new ArrayList<>();
    private int running;
    private int ofClients;

    private record Waiting(Request request, ConnectionInfo from, Consumer<Response> reply, long sinceNanos) {}

    /** Told of each answer, for the metrics. */
    @FunctionalInterface
    public interface Observer {
        void answered(Request request, ResultCode result, long nanos);
    }

    /**
     * @param hello answers another sheep's first request on a connection
     * @param peer  answers all its others
     */
    public Dispatcher(
            Loop loop,
            Operations operations,
            Gatekeeper gatekeeper,
            Function<PeerRequest.Hello, Response> hello,
            Function<PeerRequest, CompletionStage<Response>> peer,
            Observer observer) {
        this.loop = loop;
        this.operations = operations;
        this.gatekeeper = gatekeeper;
        this.hello = hello;
        this.peer = peer;
        this.observer = observer;
    }

    @Override
    public void admit(Request request, ConnectionInfo from, Consumer<Response> reply) {
        loop.checkOnLoop();
        admit(request, from, reply, loop.nowNanos());
    }

    private void admit(Request request, ConnectionInfo from, Consumer<Response> reply, long sinceNanos) {
        if (!request.header().isVersionAccepted()) {
            answer(request, reply, sinceNanos, Response.of(ResultCode.VER_MISMATCH));
            return;
        }
        if (request instanceof PeerRequest ofSheep) {
            admitPeer(ofSheep, from, reply, sinceNanos);
            return;
        }
        var found = request instanceof Request.Unknown
                ? Optional.<Operation>empty()
                : operations.find(request.header().opcode());
        if (found.isEmpty()) {
            answer(request, reply, sinceNanos, Response.of(ResultCode.INVALID_PARMS));
            return;
        }
        Operation operation = found.get();
        switch (gatekeeper.judge(operation, isDisk(request))) {
            case Gatekeeper.Verdict.Refuse refuse -> answer(request, reply, sinceNanos, Response.of(refuse.code()));
            case Gatekeeper.Verdict.Wait _ -> waiting.add(new Waiting(request, from, reply, sinceNanos));
            case Gatekeeper.Verdict.Run _ -> run(operation, request, from, reply, sinceNanos);
        }
    }

    /** QEMU and tgt say version 0 or 1 and have no use for an error that will pass; collie says 2 and prints it. */
    private static boolean isDisk(Request request) {
        return request.header().opcode() < 0x80 && request.header().version() < 2;
    }

    private void admitPeer(PeerRequest request, ConnectionInfo from, Consumer<Response> reply, long sinceNanos) {
        if (request instanceof PeerRequest.Hello greeting) {
            answer(request, reply, sinceNanos, hello.apply(greeting));
        } else if (from.peer().isEmpty()) {
            answer(request, reply, sinceNanos, Response.of(ResultCode.INVALID_PARMS));
        } else {
            running++;
            peer.apply(request).thenAccept(response -> {
                running--;
                answer(request, reply, sinceNanos, response);
                tellIdle();
            });
        }
    }

    private void run(
            Operation operation, Request request, ConnectionInfo from, Consumer<Response> reply, long sinceNanos) {
        switch (operation.handler()) {
            case Operation.Handler.Now now ->
                answer(request, reply, sinceNanos, now.answer().apply(request));
            case Operation.Handler.Later later -> {
                running++;
                ofClients++;
                later.start().apply(request, from).thenAccept(response -> {
                    running--;
                    ofClients--;
                    answer(request, reply, sinceNanos, response);
                    tellIdle();
                });
            }
        }
    }

    private void answer(Request request, Consumer<Response> reply, long sinceNanos, Response response) {
        observer.answered(request, response.result(), loop.nowNanos() - sinceNanos);
        reply.accept(response);
    }

    private void tellIdle() {
        if (ofClients == 0) {
            runAll(whenClientsIdle);
        }
        if (running == 0) {
            runAll(whenIdle);
        }
    }

    private static void runAll(List<Runnable> once) {
        var idle = List.copyOf(once);
        once.clear();
        idle.forEach(Runnable::run);
    }

    /** The state of the cluster changed: who waits is judged again. */
    public void wake() {
        if (!waiting.isEmpty()) {
            var again = List.copyOf(waiting);
            waiting.clear();
            for (Waiting w : again) {
                if (w.from().isOpen()) {
                    admit(w.request(), w.from(), w.reply(), w.sinceNanos());
                } else {
                    answer(w.request(), w.reply(), w.sinceNanos(), Response.of(ResultCode.NETWORK_ERROR));
                }
            }
        }
    }

    /** {@code run} is called once no request is being carried out; at once if none is. */
    public void whenIdle(Runnable run) {
        if (running == 0) {
            run.run();
        } else {
            whenIdle.add(run);
        }
    }

    /** The same for requests of clients alone: whatever other sheep ask goes on. */
    public void whenClientsIdle(Runnable run) {
        if (ofClients == 0) {
            run.run();
        } else {
            whenClientsIdle.add(run);
        }
    }

    /** Requests that wait for the cluster to serve. */
    public int waitingCount() {
        return waiting.size();
    }
}
