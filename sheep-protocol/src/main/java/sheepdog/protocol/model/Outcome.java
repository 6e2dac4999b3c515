package sheepdog.protocol.model;

import java.util.function.Function;

/** What an operation came to: its value, or a refusal that the protocol has a code for. */
public sealed interface Outcome<T> {
    record Ok<T>(T value) implements Outcome<T> {}

    record Refused<T>(ResultCode code) implements Outcome<T> {
        public Refused {
            Invariant.check(code != ResultCode.SUCCESS, "refused with SUCCESS");
        }
    }

    static <T> Outcome<T> ok(T value) {
        return new Ok<>(value);
    }

    /** Success of an operation that has no value. */
    static Outcome<Void> done() {
        return new Ok<>(null);
    }

    static <T> Outcome<T> refused(ResultCode code) {
        return new Refused<>(code);
    }

    default boolean isOk() {
        return this instanceof Ok;
    }

    default ResultCode code() {
        return switch (this) {
            case Ok<T> _ -> ResultCode.SUCCESS;
            case Refused<T> refused -> refused.code();
        };
    }

    default <U> Outcome<U> map(Function<? super T, ? extends U> change) {
        return switch (this) {
            case Ok<T> ok -> new Ok<>(change.apply(ok.value()));
            case Refused<T> refused -> new Refused<>(refused.code());
        };
    }
}
