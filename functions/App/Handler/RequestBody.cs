using System.Buffers;

namespace IngressReconciler.Handler;

/// <summary>The body of a request, up to a bound, in memory that goes back to its pool.</summary>
public sealed class RequestBody : IDisposable
{
    private const int FirstRead = 64 * 1024;

    // What a length promises is believed up to here; more room is made as more comes.
    private const int MostPromised = 1 << 20;

    private byte[] buffer;
    private int length;

    private RequestBody(long? expected, int most) => buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(expected ?? FirstRead, Math.Min(most, MostPromised)) + 1);

    /// <summary>All of it; good until this is disposed.</summary>
    public ReadOnlyMemory<byte> Bytes => buffer.AsMemory(0, length);

    /// <summary>
    /// Reads a body, of known length or not. One that is longer than <paramref name="most"/> is read to its end all the same and dropped as it
    /// comes, up to the server's own bound: whoever is still sending would else see a broken connection in place of the answer.
    /// </summary>
    /// <returns>Null when it is longer.</returns>
    public static async Task<RequestBody?> ReadAsync(HttpRequest request, int most, CancellationToken cancel)
    {
        var body = new RequestBody(request.ContentLength, most);
        try
        {
            while (await request.Body.ReadAsync(body.buffer.AsMemory(body.length), cancel) is var count and > 0)
            {
                body.length += count;
                if (body.length > most)
                {
                    while (await request.Body.ReadAsync(body.buffer, cancel) > 0)
                    {
                        // Dropped.
                    }

                    body.Dispose();
                    return null;
                }

                if (body.length == body.buffer.Length)
                    body.Grow();
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        var returned = buffer;
        (buffer, length) = ([], 0);
        if (returned.Length > 0)
            ArrayPool<byte>.Shared.Return(returned);
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
