package sheepdog.membership.runtime;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A future that is completed on the loop and whose dependents' faults do not get lost: a plain
 * {@link CompletableFuture} keeps what a dependent throws for a reader that never comes. Here it is thrown again as a
 * task of the loop, which ends the process (or fails the simulation).
 *
 * <p>On the loop.
 */
public final class LoopFuture<T> extends CompletableFuture<T> {
    private final Executor loop;

    /** @param loop where a fault of a dependent is thrown again */
    public LoopFuture(Executor loop) {
        this.loop = loop;
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new LoopFuture<>(loop);
    }

    @Override
    public <U> CompletableFuture<U> thenApply(Function<? super T, ? extends U> fn) {
        return super.thenApply(value -> watched(() -> fn.apply(value)));
    }

    @Override
    public CompletableFuture<Void> thenAccept(Consumer<? super T> action) {
        return super.thenAccept(value -> watched(() -> {
            action.accept(value);
            return null;
        }));
    }

    @Override
    public CompletableFuture<Void> thenRun(Runnable action) {
        return super.thenRun(() -> watched(() -> {
            action.run();
            return null;
        }));
    }

    @Override
    public <U> CompletableFuture<U> thenCompose(Function<? super T, ? extends CompletionStage<U>> fn) {
        return super.thenCompose(value -> watched(() -> fn.apply(value)));
    }

    @Override
    public <U, V> CompletableFuture<V> thenCombine(
            CompletionStage<? extends U> other, BiFunction<? super T, ? super U, ? extends V> fn) {
        return super.thenCombine(other, (a, b) -> watched(() -> fn.apply(a, b)));
    }

    @Override
    public CompletableFuture<T> whenComplete(BiConsumer<? super T, ? super Throwable> action) {
        return super.whenComplete((value, failure) -> watched(() -> {
            action.accept(value, failure);
            return null;
        }));
    }

    @Override
    public <U> CompletableFuture<U> handle(BiFunction<? super T, Throwable, ? extends U> fn) {
        return super.handle((value, failure) -> watched(() -> fn.apply(value, failure)));
    }

    @FunctionalInterface
    private interface Step<U> {
        U run();
    }

    private <U> U watched(Step<U> step) {
        try {
            return step.run();
        } catch (RuntimeException | Error bug) {
            loop.execute(() -> {
                throw bug;
            });
            throw bug;
        }
    }
}
