using System.Buffers;
using System.Text;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>Writes checked commands as UTF-8, gathered into few writes; a long payload passes through one small buffer.</summary>
/// <param name="stream">Where to.</param>
/// <param name="written">Called after each write.</param>
internal sealed class CommandWriter(Stream stream, Action written)
{
    private const int Size = 64 * 1024;
    private const int Slice = 8 * 1024; // characters: at most three bytes each

    private byte[] _bytes = [];
    private int _count;

    /// <summary>Writes all commands, then one more line.</summary>
    public async Task WriteAsync(IReadOnlyList<RuntimeCommand> commands, string lastLine, CancellationToken cancellationToken)
    {
        _bytes = ArrayPool<byte>.Shared.Rent(Size);
        _count = 0;
        try
        {
            for (var i = 0; i < commands.Count; i++)
            {
                var (line, payload) = commands[i];
                await PutAsync(line, cancellationToken);
                if (payload is not null)
                {
                    await PutAsync($" <<{CommandRules.PayloadEnd}\n", cancellationToken);
                    await PutAsync(payload, cancellationToken);
                    await PutAsync(payload.EndsWith('\n') ? CommandRules.PayloadEnd : '\n' + CommandRules.PayloadEnd, cancellationToken);
                }

                await PutAsync("\n", cancellationToken);
            }

            await PutAsync(lastLine, cancellationToken);
            await PutAsync("\n", cancellationToken);
            await FlushAsync(cancellationToken);
        }
        finally
        {
            // It may have held a private key.
            _bytes.AsSpan().Clear();
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }
    }

    private async ValueTask PutAsync(string text, CancellationToken cancellationToken)
    {
        for (var at = 0; at < text.Length;)
        {
            var length = Math.Min(Slice, text.Length - at);
            if (at + length < text.Length && char.IsHighSurrogate(text[at + length - 1])) length--;
            if (_bytes.Length - _count < length * 3) await FlushAsync(cancellationToken);
            _count += Encoding.UTF8.GetBytes(text.AsSpan(at, length), _bytes.AsSpan(_count));
            at += length;
        }
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_bytes.AsMemory(0, _count), cancellationToken);
        _count = 0;
        written();
    }
}
