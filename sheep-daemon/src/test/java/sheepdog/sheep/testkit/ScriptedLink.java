package sheepdog.sheep.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.runtime.PeerLink;

/** A link to sheep that the test plays: it sees what was sent, and answers when and what it likes. */
public final class ScriptedLink implements PeerLink {
    private final StepLoop loop;
    private final List<Sent> open = new ArrayList<>();

    public ScriptedLink(StepLoop loop) {
        this.loop = loop;
    }

    /** A request that waits for its answer. */
    public final class Sent {
        private final Node to;
        private final PeerRequest request;
        private final LoopFuture<Response> answer = new LoopFuture<>(loop);

        private Sent(Node to, PeerRequest request) {
            this.to = to;
            this.request = request;
        }

        public Node to() {
            return to;
        }

        public PeerRequest request() {
            return request;
        }

        public void answer(ResultCode code) {
            answer(Response.of(code));
        }

        /** Answers and lets everything run that follows from it. */
        public void answer(Response response) {
            open.remove(this);
            request.data().release();
            answer.complete(response);
            loop.settle();
        }
    }

    @Override
    public CompletionStage<Response> send(Node to, PeerRequest request) {
        request.data().retain();
        var sent = new Sent(to, request);
        open.add(sent);
        return sent.answer;
    }

    /** What waits for an answer, in the order sent. */
    public List<Sent> open() {
        return List.copyOf(open);
    }

    /** Those of one kind. */
    public List<Sent> open(Class<? extends PeerRequest> type) {
        return open.stream().filter(s -> type.isInstance(s.request())).toList();
    }

    /** Answers all that wait now. */
    public void answerAll(ResultCode code) {
        open().forEach(s -> s.answer(code));
    }
}
