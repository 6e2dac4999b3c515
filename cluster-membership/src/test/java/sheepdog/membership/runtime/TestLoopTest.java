package sheepdog.membership.runtime;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class TestLoopTest extends LoopContract {
    @Override
    protected Loop start() {
        return new TestLoop("contract");
    }

    @Override
    protected void stop(Loop started) {
        ((TestLoop) started).close();
    }

    @Test
    void closeFailsAfterATaskThatThrew() {
        var loop = new TestLoop("failing");
        loop.execute(() -> {
            throw new IllegalStateException("a bug");
        });
        loop.run(() -> {});

        assertThatThrownBy(loop::close).hasStackTraceContaining("a bug");
    }
}
