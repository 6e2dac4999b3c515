package sheepdog.sheep.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.runtime.ConnectionInfo;
import sheepdog.sheep.testkit.StepLoop;
import sheepdog.sheep.testkit.TestCluster.Connection;

class DispatcherTest {
    private final StepLoop loop = new StepLoop();
    private final LoopFuture<Response> later = new LoopFuture<>(loop);
    private final List<ResultCode> observed = new ArrayList<>();
    private final List<ResultCode> answers = new ArrayList<>();
    private final Connection client = Connection.ofClient();
    private Gatekeeper.Verdict verdict = new Gatekeeper.Verdict.Run();
    private boolean patient;

    private final Dispatcher dispatcher = new Dispatcher(
            loop,
            new Operations(List.of(
                    new Operation(
                            Opcode.GET_NODE_LIST,
                            Operation.Kind.LOCAL,
                            Operation.Accepted.ALWAYS,
                            new Operation.Handler.Now(_ -> Response.success())),
                    new Operation(
                            Opcode.READ_VDIS,
                            Operation.Kind.GATEWAY,
                            Operation.Accepted.WHEN_SERVING,
                            new Operation.Handler.Later((_, _) -> later)))),
            (_, disk) -> {
                patient = disk;
                return verdict;
            },
            _ -> Response.of(ResultCode.INVALID_CTIME),
            _ -> later,
            (_, result, _) -> observed.add(result));

    private void ask(Request request, ConnectionInfo from) {
        dispatcher.admit(request, from, response -> answers.add(response.result()));
        loop.settle();
    }

    private void ask(Request request) {
        ask(request, client);
    }

    private static Header header(int version, int opcode) {
        return new Header(version, opcode, 0, Epoch.NONE, 1, 0);
    }

    private static Request.GetNodeList nodeList(int version) {
        return new Request.GetNodeList(header(version, Opcode.GET_NODE_LIST.code()), 0);
    }

    private static Request.ReadVdis slow(int version) {
        return new Request.ReadVdis(header(version, Opcode.READ_VDIS.code()), 0);
    }

    private static int right(Opcode opcode) {
        return Header.of(opcode, 0, Epoch.NONE, 1).version();
    }

    @Test
    void theVersionIsLookedAtBeforeTheOpcodeAndTheOpcodeBeforeTheState() {
        verdict = new Gatekeeper.Verdict.Refuse(ResultCode.HALT);

        ask(new Request.Unknown(header(99, 0x7e)));
        ask(new Request.Unknown(header(right(Opcode.READ_OBJ), 0x7e)));
        ask(new Request.KillNode(header(right(Opcode.KILL_NODE), Opcode.KILL_NODE.code())));
        ask(nodeList(right(Opcode.GET_NODE_LIST)));

        assertThat(answers)
                .containsExactly(
                        ResultCode.VER_MISMATCH, ResultCode.INVALID_PARMS, ResultCode.INVALID_PARMS, ResultCode.HALT);
        assertThat(observed).isEqualTo(answers);
    }

    @Test
    void whatWaitsIsJudgedAgainWhenTheStateChanges() {
        verdict = new Gatekeeper.Verdict.Wait();
        ask(nodeList(right(Opcode.GET_NODE_LIST)));
        dispatcher.wake();
        assertThat(answers).isEmpty();
        assertThat(dispatcher.waitingCount()).isEqualTo(1);

        verdict = new Gatekeeper.Verdict.Run();
        dispatcher.wake();

        assertThat(answers).containsExactly(ResultCode.SUCCESS);
        assertThat(dispatcher.waitingCount()).isZero();
    }

    @Test
    void whatWaitsOnAClosedConnectionIsAnsweredOnceAndNotRun() {
        verdict = new Gatekeeper.Verdict.Wait();
        ask(slow(1));
        client.close();
        verdict = new Gatekeeper.Verdict.Run();

        dispatcher.wake();
        dispatcher.wake();

        assertThat(answers).containsExactly(ResultCode.NETWORK_ERROR);
    }

    @Test
    void idleIsWhenTheLastOneThatRunsHasItsAnswer() {
        var idle = new ArrayList<String>();
        dispatcher.whenIdle(() -> idle.add("before"));
        ask(slow(1));
        dispatcher.whenIdle(() -> idle.add("after"));
        assertThat(idle).containsExactly("before");

        later.complete(Response.of(ResultCode.NO_OBJ));

        assertThat(idle).containsExactly("before", "after");
        assertThat(answers).containsExactly(ResultCode.NO_OBJ);
    }

    @Test
    void clientsOfDisksWouldRatherWait() {
        ask(slow(1));
        assertThat(patient).isTrue();
        ask(slow(2));
        assertThat(patient).isFalse();
        ask(nodeList(right(Opcode.GET_NODE_LIST)));
        assertThat(patient).isFalse();
    }

    @Test
    void requestsBetweenSheepNeedAHello() {
        ask(new PeerRequest.Ping(Header.of(Opcode.PING, 0, Epoch.FIRST, 1)));

        assertThat(answers).containsExactly(ResultCode.INVALID_PARMS);
    }

    @Test
    void anOpcodeHasOneLine() {
        var line = new Operation(
                Opcode.READ_OBJ,
                Operation.Kind.LOCAL,
                Operation.Accepted.WHEN_SERVING,
                new Operation.Handler.Now(_ -> Response.success()));

        assertThatThrownBy(() -> new Operations(List.of(line, line.alsoBeforeServing())))
                .isInstanceOf(AssertionError.class);
        assertThat(new Operations(List.of(line)).find(0x1_0000)).isEqualTo(Optional.empty());
    }
}
