package sheepdog.sheep.dispatch;

import sheepdog.protocol.model.ResultCode;

/** What the state of the cluster means for a request. A seam between dispatch and the cluster. On the loop. */
@FunctionalInterface
public interface Gatekeeper {
    /** @param patient the client is a disk's: it takes any error for a broken disk, and would rather wait */
    Verdict judge(Operation operation, boolean patient);

    /** Run it, refuse it, or ask again after the next change. */
    sealed interface Verdict {
        record Run() implements Verdict {}

        record Refuse(ResultCode code) implements Verdict {}

        record Wait() implements Verdict {}
    }
}
