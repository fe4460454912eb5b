using System.Collections.Immutable;
using System.Runtime.InteropServices;
using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>The replies owed to one call of <see cref="RuntimeConnection.SendAsync"/>, in the order of its commands.</summary>
/// <param name="count">How many, without the proof.</param>
/// <param name="proof">What the reply after them must say.</param>
internal sealed class Exchange(int count, string proof)
{
    private readonly RuntimeReply[] _replies = new RuntimeReply[count];
    private readonly TaskCompletionSource<ImmutableArray<RuntimeReply>> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _taken;
    private long _bytes;

    /// <summary>What the reply after them must say.</summary>
    public string Proof => proof;

    /// <summary>How many have not come yet.</summary>
    public int Owed => _replies.Length - _taken;

    /// <summary>How many bytes came for it so far.</summary>
    /// <param name="more">Bytes that have just come.</param>
    public long Received(int more) => _bytes += more;

    /// <summary>How many commands were sent.</summary>
    public int Count => _replies.Length;

    /// <summary>All of them, once the proof has come.</summary>
    public Task<ImmutableArray<RuntimeReply>> Replies => _completion.Task;

    /// <summary>Says that no more will come.</summary>
    public void Fail(ProxyUnavailableException failure)
    {
        _completion.TrySetException(failure);
        // Nobody may come to ask: the write fails as well.
        _ = _completion.Task.Exception;
    }

    /// <summary>Takes the next reply; false if all are in and this is not the proof.</summary>
    public bool Take(RuntimeReply reply)
    {
        if (_taken < _replies.Length)
        {
            _replies[_taken++] = reply;
            return true;
        }

        return reply.Text == proof && _completion.TrySetResult(ImmutableCollectionsMarshal.AsImmutableArray(_replies));
    }
}
